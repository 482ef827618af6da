"""Which Python code an agent runs for a plan: its operator decides (`--allow-code`), not the author of the plan.

    python: settle                an entry point of the group `gradual.actions`: to install it is to allow it
    python: my_actions:settle     a coroutine function of a module, in a folder or a module that is allowed

Modules in a folder are found after all others. So a file there replaces no module of Python or of a library; one that
would is refused, because other code than the operator's would run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, Final

from gradual_agent.errors import JobError
from gradual_common.kinds.registry import GROUP

Code = Callable[..., Coroutine[Any, Any, Any]]
"""The coroutine function of a Python action."""

WANTED: Final = "write a folder (./actions), a file (./my_actions.py), or an installed module (my_package.actions)"


@dataclass(frozen=True, slots=True)
class AllowedPath:
    """An entry of `--allow-code`: a folder with modules, one file, or the name of a module that can be imported."""

    text: str
    folder: Path | None = None
    module: str = ""
    """The only module that is allowed, with the modules in it; empty: all of the folder."""

    @classmethod
    def parse(cls, text: str) -> AllowedPath:
        """Read an entry; ValueError for what is not there."""
        path = Path(text).expanduser()
        if "/" not in text and text not in (".", "..") and path.suffix != ".py":
            if all(part.isidentifier() for part in text.split(".")):
                return cls(text, module=text)
            raise ValueError(f"{text!r} cannot be used: it is neither a path nor a module; {WANTED}")
        if path.is_dir():
            return cls.of_folder(path, text)
        if path.suffix == ".py" and path.is_file() and path.stem.isidentifier():
            return cls(text, path.parent.resolve(), path.stem)
        raise ValueError(f"{text!r} cannot be used: there is no such folder or module; {WANTED}")

    @classmethod
    def of_folder(cls, folder: Path, text: str = "") -> AllowedPath:
        """All modules of a folder."""
        return cls(text or str(folder), folder.resolve())

    def names(self, module: str) -> bool:
        """Whether a module is allowed by its name, and is there."""
        if self.module and module != self.module and not module.startswith(f"{self.module}."):
            return False
        if self.folder is None:
            return True
        top = self.folder / module.partition(".")[0]
        return top.with_suffix(".py").is_file() or top.is_dir()


class AllowedCode:
    """What is allowed, and the code itself. Each module is imported once in a process, so its state is shared."""

    def __init__(self, entries: Iterable[AllowedPath] = ()) -> None:
        self.entries = tuple(entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AllowedCode) and self.entries == other.entries

    def __hash__(self) -> int:
        return hash(self.entries)

    def find(self, name: str) -> Code:
        """The coroutine function that a plan names; JobError if it is not allowed, or is none."""
        module, colon, attribute = name.partition(":")
        found = self._import(name, module, attribute) if colon else _load_installed(name)
        if not iscoroutinefunction(found):
            raise JobError(f"python: {name} is no coroutine function; write async def {attribute or name}(user): …")
        code: Code = found
        return code

    def _import(self, name: str, module: str, attribute: str) -> Any:
        entry = next((entry for entry in self.entries if entry.names(module)), None)
        if entry is None:
            raise JobError(self._refusal(name, module))
        if entry.folder is not None:
            _check_not_hidden(name, module, entry.folder)
        try:
            return getattr(import_module(module), attribute)
        except AttributeError as error:
            raise JobError(f"python: {name} cannot be used: {error}") from error
        except (Exception, SystemExit) as error:
            # Everything: what the module raises, or that it ends the process, is for its author to see.
            raise JobError(f"python: {name} cannot be imported: {type(error).__name__}: {error}") from error

    def _refusal(self, name: str, module: str) -> str:
        top = module.partition(".")[0]
        listed = ", ".join(entry.text for entry in self.entries)
        allowed = f"only that in {listed} is allowed, where there is no {top}" if listed else "no code is allowed"
        return (
            f"the plan runs the code {name}, but on this agent {allowed}; its operator may allow it with --allow-code"
            f" {module} for an installed module, or --allow-code FOLDER/ for the folder of {top}.py"
        )


INSTALLED_ONLY: Final = AllowedCode()
"""The limits of an agent without `--allow-code`."""


def _load_installed(name: str) -> Any:
    """The object of an entry point; JobError if there is none."""
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name not in points:
        raise JobError(
            f"the plan runs the Python action {name}, which is not installed on this agent: install its package"
            f" (an entry point of the group {GROUP}), or write module:coroutine"
        )
    try:
        return points[name].load()
    except (Exception, SystemExit) as error:
        # As for a module.
        raise JobError(f"python: {name} cannot be imported: {type(error).__name__}: {error}") from error


def _check_not_hidden(name: str, module: str, folder: Path) -> None:
    """JobError if the module's name is that of another one, which would be imported in its place."""
    top = module.partition(".")[0]
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    loaded = sys.modules.get(top)
    spec = loaded.__spec__ if loaded is not None else find_spec(top)
    places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
    if not any(place and Path(place).resolve().is_relative_to(folder) for place in places):
        raise JobError(f"python: {name} cannot be used: another module is called {top}; rename {folder / top}")
