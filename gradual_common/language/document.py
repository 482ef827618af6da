"""A plan before it is validated: plain values, and the file and line of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from gradual_common.errors import Problem
from gradual_common.secrecy.credentials import credentials_of, hide_literals, is_credential
from gradual_common.secrecy.field_names import MASK
from gradual_common.secrecy.masking import Mask
from gradual_common.secrecy.quoting import change_quoted, shorten

Path = tuple[str | int, ...]
"""The path to a value of a plan: ("users", 0, "behavior", 1, "think_time")."""

Section = Literal["on_start", "behavior", "on_stop"]
SECTIONS: tuple[Section, ...] = ("on_start", "behavior", "on_stop")
"""The lists of steps of a group."""

Once = Literal["setup", "teardown"]
SETUP: Once = "setup"
TEARDOWN: Once = "teardown"
ONCE: tuple[Once, ...] = (SETUP, TEARDOWN)
"""The lists of steps of a plan that are performed once per run."""

LISTS_OF_STEPS = (*SECTIONS, *ONCE, "steps", "else", "parallel")
"""The keys below which steps are listed."""

EACH = "*"
"""In a pattern of `places`: every entry."""

SECRETS = ("secrets",)

_FOUND = re.compile(r"(found )(?!a |an |nothing|text|\*)(\S+)")
"""A value that a message shows without quotes: a number."""

IDENTIFIER = re.compile(r"[A-Za-z_][\w-]*")

_T = TypeVar("_T")


class Plain(str):
    """An unquoted scalar with `${…}`: its type is known only when the variables are substituted."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """Where something was written: a file (or the option that brought it) and its 1-based line."""

    file: str
    line: int | None = None

    profile: str | None = None
    """The profile that it is written in."""

    is_unread: bool = False
    """What is written there cannot be read, which is reported; there is no value."""


@dataclass(slots=True)
class Document:
    """The values of a plan, changed in place by overrides and variables; `marks` knows where each was written."""

    root: dict[str, Any]
    name: str
    marks: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    credentials: set[str] = field(default_factory=set)
    """Values of variables and options that are masked like secrets."""

    def mark(self, path: Path) -> Mark:
        """Where `path` was written, or else the nearest value around it."""
        for length in range(len(path), -1, -1):
            if (mark := self.marks.get(path[:length])) is not None:
                return mark
        return Mark(self.name)

    def problem(self, path: Path, message: str, hint: str = "") -> Problem:
        """A mistake at `path`; a credential at that path is masked in the message."""
        mark = self.mark(path)
        message = Mask(self.credentials).hide(message)  # Before it is shortened: a part of a credential is not found.
        return Problem(self._without_credential(path, message), self.show(path), mark.file, mark.line, hint)

    def _without_credential(self, path: Path, message: str) -> str:
        if path[:1] == SECRETS:
            return _FOUND.sub(rf"\1{MASK}", change_quoted(message, lambda found: MASK))
        if not is_credential(path):
            return message
        literals = [literal for literal in credentials_of(value_at(self.root, path)) if literal]
        message = change_quoted(message, lambda found: _without_literals(found, literals))
        return _FOUND.sub(lambda match: f"{match[1]}{MASK}" if is_part(match[2], literals) else match[0], message)

    def report(self, path: Path, message: str, hint: str = "") -> None:
        """Note a mistake at `path`."""
        self.problems.append(self.problem(path, message, hint))

    def is_reported(self, path: Path) -> bool:
        """Whether a mistake at exactly this path is reported: its consequences need not be."""
        return self.show(path) in [problem.path for problem in self.problems]

    def is_unread(self, path: Path) -> bool:
        """Whether what is written at exactly this path cannot be read."""
        return (mark := self.marks.get(path)) is not None and mark.is_unread

    def show(self, path: Path) -> str:
        """The path as people write it, list entries by their name: `users.guest.behavior[0].condition`.

        What a profile brought has the path there: `profiles.staging.users.guest.concurrency`.
        """
        if path[:1] == SECRETS and path[2:3] not in {("env",), ("file",)}:
            path = path[:2]  # A key below a secret may be its value, in a wrong place.
        profile = self.mark(path).profile
        text = "" if profile is None else f"profiles.{_as_part(profile)}"
        for end, part in enumerate(path):
            name: Any = part
            if isinstance(part, int):
                # Steps are shown by their index: their names may repeat, and an author looks for the index.
                is_step = end > 0 and path[end - 1] in LISTS_OF_STEPS
                name = None if is_step else mapping_at(self.root, *path[: end + 1]).get("name")
            if isinstance(name, str):
                text += ("." if text else "") + _as_part(name)
            else:
                text += f"[{part}]"
        return text

    def replace_mark(self, path: Path, mark: Mark) -> None:
        """Set the mark of the value at `path` and everything in it."""
        for known in [known for known in self.marks if known[: len(path)] == path]:
            del self.marks[known]
        self.marks[path] = mark


def _as_part(name: str) -> str:
    """A name as a part of a path that is shown."""
    name = shorten(name)
    return name if IDENTIFIER.fullmatch(name) else f'"{name}"'


def _without_literals(found: str, literals: Collection[str]) -> str:
    """A text that a message quotes from a credential, masked. Holes stay: the mistake is in one of them."""
    if "{{" in found or "{%" in found:
        return hide_literals(found)
    return MASK if is_part(found.rstrip("…"), literals) else found


def is_part(text: str, values: Collection[str]) -> bool:
    """Whether a text that is shown is one of the values, or a part of one."""
    return bool(text) and any(text in value for value in values)


def value_at(value: Any, path: Path) -> Any:
    """The value at a path; None if there is none."""
    try:
        for part in path:
            value = value[part]
    except (LookupError, TypeError):
        return None
    return value


def attempt(read: Callable[[Any], _T], value: Any) -> _T | None:
    """`read(value)`, or None if it fails: another check reports the mistake."""
    try:
        return read(value)
    except (ValueError, TypeError):
        return None


def mapping_at(value: Any, *keys: str | int) -> dict[str, Any]:
    """The mapping below `keys`, or an empty one where there is something else."""
    found = value_at(value, keys)
    return found if isinstance(found, dict) else {}


def list_at(value: Any, *keys: str | int) -> list[Any]:
    """The list below `keys`, or an empty one where there is something else."""
    found = value_at(value, keys)
    return found if isinstance(found, list) else []


def places(root: Any, *pattern: str) -> Iterator[tuple[Path, Any]]:
    """Every value at the paths of a pattern, with its path; `EACH` in a pattern is every entry of a list or mapping."""
    found: list[tuple[Path, Any]] = [((), root)]
    for part in pattern:
        found = [((*path, key), child) for path, value in found for key, child in _children(value, part)]
    yield from found


def _children(value: Any, part: str) -> Iterable[tuple[str | int, Any]]:
    if part != EACH:
        return [(part, value[part])] if isinstance(value, dict) and part in value else []
    return value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []


def texts_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text inside a value, keys of mappings too, with its path."""
    if isinstance(value, str):
        yield path, value
    for key, child in _children(value, EACH):
        if isinstance(key, str):
            yield (*path, key), key
        yield from texts_in(child, (*path, key))
