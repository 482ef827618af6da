"""Changes of a plan by the command line or the Python API.

Precedence: file < profile < `--set` < the setting's own option.

Values are replaced before variables are substituted, so that a variable in a replaced value need not be set. Users are
scaled after it, since a number of users may come from a variable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradual_common.errors import Problem
from gradual_common.language.document import EACH, Document, Mark, Path, list_at, mapping_at, places
from gradual_common.language.plan_view import PlanView, total
from gradual_common.language.wording import kind_of, listed, nearest
from gradual_common.plan.reading.profiles import FOR_THE_FILE
from gradual_common.plan.reading.yaml import read_value
from gradual_common.schedule.ramps.parsing import RAMP_KEYS, scale_ramp
from gradual_common.schedule.ramps.ramp import Scale
from gradual_common.schedule.slots import apportion
from gradual_common.secrecy.field_names import names_credential
from gradual_common.secrecy.masking import MIN_CREDENTIAL_LENGTH

OPTIONS = ("--set", "--base-url", "-d", "--data", "-u")
"""The names of options in the marks of values that came from them."""

PATH_ALLOWED = 'write config.duration, users.guest.concurrency or actions."a.b".url'

_PART = re.compile(r'"([^"]*)"|([^."\[\]]+)|\[(\d+)\]')
_SPLIT = re.compile(rf"(?:{_PART.pattern})(?:\.(?=.)|(?=\[)|$)")


@dataclass(frozen=True, slots=True)
class Overrides:
    """Changes of a plan; `sets` are (path, value) with the value typed as YAML, `data` maps set names to files."""

    base_url: str | None = None
    users: int | None = None
    duration: str | int | float | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    sets: tuple[tuple[str, Any], ...] = ()
    profile: str | None = None
    """The entry of `profiles` that is merged into the plan before everything else here."""


def apply_replacements(document: Document, overrides: Overrides) -> None:
    """`--set`, `--base-url`, `-d` and `--data`, in this order."""
    document.credentials.update(
        value for name, value in overrides.env.items() if names_credential(name) and len(value) >= MIN_CREDENTIAL_LENGTH
    )
    for path_text, value in overrides.sets:
        _apply_set(document, path_text, value)
    if overrides.base_url is not None:
        _put(document, ("config", "base_url"), overrides.base_url, "--base-url")
    if overrides.duration is not None:
        _apply_duration(document, overrides.duration)
    for name, file in overrides.data.items():
        _apply_data(document, name, file)


def split_path(text: str) -> list[str | int]:
    """`users.guest.behavior[0].condition`, with quotes around names that hold dots; ValueError for anything else."""
    if not text:
        raise ValueError("the path is empty", PATH_ALLOWED)
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        match = _SPLIT.match(text, position)
        if match is None:
            raise ValueError(f"{text!r} is not a path", PATH_ALLOWED)
        quoted, plain, index = match.groups()
        parts.append(int(index) if index is not None else quoted if quoted is not None else plain)
        position = match.end()
    return parts


def find_path(root: Any, parts: list[str | int]) -> Path:
    """The parts as a path of the document: entries of lists by name or number; ValueError(message, hint) if none."""
    path: Path = ()
    value = root
    for part in parts:
        if isinstance(value, list):
            entry = _entry_of(value, part)
            path, value = (*path, entry), value[entry]
        elif isinstance(value, dict) or value is None:
            path, value = (*path, str(part)), mapping_at(value).get(str(part))
        else:
            raise ValueError(f"{path[-1]!r} is {kind_of(value)}, so it holds no {part!r}", "set it as a whole")
    return path


def _entry_of(entries: list[Any], part: str | int) -> int:
    """The index of the entry with the name or the number `part`."""
    names = [str(mapping_at(entry).get("name", mapping_at(entry).get("action", ""))) for entry in entries]
    if part in names:
        return names.index(str(part))
    if (isinstance(part, int) or part.isdecimal()) and int(part) < len(entries):
        return int(part)
    raise ValueError(f"there is no entry {part!r}", nearest(str(part), names) or f"entries: {listed(names)}")


def _put(document: Document, path: Path, value: Any, source: str) -> None:
    """Set a value; creates the mappings around it if they are missing."""
    owner: Any = document.root
    for key in path[:-1]:
        if isinstance(owner, dict) and owner.get(key) is None:
            owner[key] = {}
        owner = owner[key]
        if not isinstance(owner, dict | list):
            return  # It has the wrong shape, which is reported by the check of the shape.
    owner[path[-1]] = value
    document.replace_mark(path, Mark(source))


def _apply_set(document: Document, path_text: str, value: Any) -> None:
    try:
        path = find_path(document.root, split_path(path_text))
        if path[0] in FOR_THE_FILE:
            raise ValueError(f"{path[0]} cannot be changed by an option", "set what it would bring in")
    except ValueError as error:
        document.problems.append(Problem(error.args[0], path_text, "--set", None, *error.args[1:]))
        return
    if isinstance(value, str):
        read = read_value(value, "--set")
        document.problems.extend(read.problems)
        value = read.root[""]
    is_secret = any(names_credential(str(part)) for part in path)
    if is_secret and isinstance(value, str | int | float) and len(str(value)) >= MIN_CREDENTIAL_LENGTH:
        document.credentials.add(str(value))
    if path[-1] in RAMP_KEYS:
        for key in RAMP_KEYS:  # The new ramp replaces the one in the file, which may have another key.
            mapping_at(document.root, *path[:-1]).pop(key, None)
    _put(document, path, value, "--set")


def _apply_duration(document: Document, duration: str | int | float) -> None:
    phases = list_at(document.root, "config", "phases")
    if not phases:
        _put(document, ("config", "duration"), duration, "-d")
        return
    hint = f"set one of them: --set config.phases.{mapping_at(phases[0]).get('name', 0)}.duration={duration}"
    document.problems.append(Problem("the plan has phases, each with a duration of its own", "", "-d", None, hint))


def _apply_data(document: Document, name: str, file: str) -> None:
    """Replace the file of every data set with that name; without such a set, add one at the top level."""
    owners = [(), *(path for path, _ in places(document.root, "users", EACH))]
    found = [(*owner, "data", name) for owner in owners if name in mapping_at(document.root, *owner, "data")]
    for path in found or [("data", name)]:
        written = mapping_at(document.root, *path)
        _put(document, (*path, "file") if written else path, file, "--data")


def scale_users(document: Document, users: int) -> None:
    """`-u`: divide `users` among the groups by Webster's method, and scale the users in ramps and phases with them.

    Increments and multipliers stay as they are: they say how fast a ramp rises, not how far.
    """
    view = PlanView(document)
    if users < 1:
        document.problems.append(Problem(f"{users} users cannot run; at least 1 is needed", "", "-u"))
        return
    if not view.users:
        return  # The groups have a mistake or no users, which is reported by another check.
    scale = Scale(users, view.users)
    for path, phase in view.phases:
        scale_ramp(phase, scale)
        _scale_mix(view, (*path, "users"), view.mix(phase), scale)
    weights = [group.concurrency or 0 for group in view.groups]
    for group, weight, count in zip(view.groups, weights, apportion(weights, users), strict=True):
        scale_ramp(group.raw, Scale(count, weight))
        _put(document, (*group.path, "concurrency"), count, "-u")
    scale_ramp(view.config, scale)


def _scale_mix(view: PlanView, path: Path, mix: list[int | None], scale: Scale) -> None:
    """A phase's own mix keeps its proportion to the plan's."""
    users = total(mix)
    if mapping_at(view.document.root, *path) and users:
        counts = apportion([count or 0 for count in mix], max(1, scale.of(users)))
        named = {group.name: count for group, count in zip(view.groups, counts, strict=True)}
        _put(view.document, path, named, "-u")
