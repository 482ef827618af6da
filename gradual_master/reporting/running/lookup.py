"""From `-o NAME[=ARG]` to a reporter (docs/design/results.md, "Reporters").

NAME is a built-in, `package.module:Class`, `file.py:Class`, a name from the plan's `reporters:`, an entry point in
`gradual.reporters`, or else the name of a file `NAME.py` or `NAME_reporter.py` that holds one reporter.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from gradual_common.language.wording import nearest
from gradual_common.secrecy.quoting import shorten
from gradual_master.errors import ReporterError
from gradual_master.reporting.interface.reporter import Reporter

ENTRY_POINTS = "gradual.reporters"
OPTION = "-o"
PREFIX = "gradual_reporter_"
"""The prefix of modules made of files, so that they do not replace a module of the same name."""

FAILURES = (Exception, SystemExit)
"""What a user's code may raise; a script without a `__main__` guard may call `sys.exit`."""

ReporterClass = type[Reporter]
Loader = Callable[[], ReporterClass]


@dataclass(frozen=True, slots=True)
class ReporterFinder:
    """Finds reporters."""

    built_in: Mapping[str, Loader]
    """By name, each loaded when it is asked for."""

    named: Mapping[str, str] = field(default_factory=dict)
    """The plan's `reporters:`."""

    folder: Path = field(default_factory=Path)
    """The plan's folder, for the files that the plan names; others are searched in the working folder."""

    def find(self, spec: str) -> Reporter:
        """The reporter of `NAME[=ARG]`; ReporterError with what is missing, and where it was searched."""
        name, equals, arg = spec.partition("=")
        with nothing_left_on_failure():
            return make(self._class_of(name), arg if equals else None, name)

    def _class_of(self, name: str) -> ReporterClass:
        if name in self.built_in:
            return self.built_in[name]()
        if name in self.named:
            return load(self.named[name], self.folder, f"reporters.{name} of the plan")
        if ":" in name:
            return load(name, Path(), f"{OPTION} {name}")
        entries = {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
        if name in entries:
            origin = f"the entry point {name!r} in {ENTRY_POINTS}"
            with _failing_as(f"{origin}: cannot load {entries[name].value}"):
                found = entries[name].load()
            return _check_class(found, origin)
        return self._search(name, entries)

    def _search(self, name: str, entries: Iterable[str]) -> ReporterClass:
        """In files beside the plan, then in the working folder."""
        folders = dict.fromkeys(folder.resolve() for folder in (self.folder, Path()))
        searched = [folder / file for folder in folders for file in (f"{name}.py", f"{name}_reporter.py")]
        for path in searched:
            if path.is_file():
                return _only_class(path)
        known = [*self.built_in, *self.named, *entries]
        parts = (
            f"there is no reporter {name!r}",
            nearest(name, known),
            f"there are {', '.join(known)}",
            f"looked for {', '.join(str(path) for path in searched)}",
        )
        raise ReporterError("; ".join(filter(None, parts)))


@contextmanager
def _failing_as(what: str) -> Iterator[None]:
    """Turn an exception of a user's code into a ReporterError with its context; a ReporterError is not changed."""
    try:
        yield
    except ReporterError:
        raise
    except FAILURES as error:
        raise ReporterError(f"{what}: {type(error).__name__}: {error}") from error


def load(reference: str, folder: Path, origin: str) -> ReporterClass:
    """The class of `package.module:Class` or `file.py:Class`; ReporterError naming `origin`."""
    module_path, colon, name = reference.rpartition(":")
    if not colon or not module_path or not name.isidentifier():
        raise ReporterError(f"{origin}: {reference!r} is neither package.module:Class nor file.py:Class")
    if module_path.endswith(".py"):
        module = _load_file(folder / module_path)
    else:
        with _failing_as(f"{origin}: cannot import {module_path}"):
            module = importlib.import_module(module_path)
    if not hasattr(module, name):
        classes = [cls.__name__ for cls in _classes(module)]
        hint = nearest(name, classes) or (f"there are {', '.join(classes)}" if classes else "it has no reporter")
        raise ReporterError(f"{origin}: {module_path} has no {name!r}; {hint}")
    return _check_class(getattr(module, name), origin)


def _check_class(found: object, origin: str) -> ReporterClass:
    if isinstance(found, type) and issubclass(found, Reporter):
        return found
    raise ReporterError(f"{origin}: {found!r} is not a subclass of gradual.reporting.BaseReporter")


@contextmanager
def nothing_left_on_failure() -> Iterator[None]:
    """When the block fails, unload the files that it imported, and restore `sys.path`.

    Never writes a `__pycache__` into the plan's folder.
    """
    # A file is run as a module before it is known whether it holds a reporter. It may have put its folder on the path
    # and imported other files of the folder. A user who corrects a file and tries again in the same process (in a
    # notebook) must get the new text, so these modules are unloaded. Modules of other folders stay: a second import of
    # an installed package would make two copies of its classes.
    before, path, former = set(sys.modules), sys.path[:], sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    except BaseException:
        for name in _of_files(sys.modules.keys() - before):
            del sys.modules[name]
        sys.path[:] = path
        raise
    finally:
        sys.dont_write_bytecode = former


def _of_files(names: Set[str]) -> set[str]:
    """The names of the modules that are reporters' files, or come from the folder of one."""
    folder_of = {name: Path(str(getattr(sys.modules[name], "__file__", None))).parent for name in names}
    folders = {folder for name, folder in folder_of.items() if name.startswith(PREFIX)}
    return {name for name, folder in folder_of.items() if folder in folders}


def _load_file(path: Path) -> ModuleType:
    """Run a file as a module; ReporterError with the line that fails."""
    if not path.is_file():
        raise ReporterError(f"there is no file {path}")
    name = PREFIX + path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ReporterError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # `dataclass` and `pickle` look the module up there.
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        position = f"{error.filename}, line {error.lineno}" if error.filename and error.lineno else str(path)
        line = f": {shorten(error.text.strip())}" if error.text else ""
        raise ReporterError(f"{position}: {error.msg}{line}") from error
    except FAILURES as error:
        raise ReporterError(f"{_location_of(error, path)}: {type(error).__name__}: {error}") from error
    return module


def _location_of(error: BaseException, path: Path) -> str:
    """The line of the file that raised it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}, line {frames[-1].lineno}" if frames else str(path)


def _classes(module: ModuleType) -> list[ReporterClass]:
    """The reporters that a module defines itself."""
    found = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Reporter)]
    return [each for each in found if each.__module__ == module.__name__]


def _only_class(path: Path) -> ReporterClass:
    classes = _classes(_load_file(path))
    if len(classes) == 1:
        return classes[0]
    if not classes:
        raise ReporterError(f"{path} has no subclass of gradual.reporting.BaseReporter")
    names = ", ".join(cls.__name__ for cls in classes)
    here = path.name if path.parent == Path.cwd() else path
    raise ReporterError(f"{path} has several reporters, {names}: name one as {OPTION} {here}:{classes[0].__name__}")


def make(found: ReporterClass, arg: str | None, name: str) -> Reporter:
    """An instance; one whose own `__init__` takes nothing is given its ARG as an attribute."""
    with _failing_as(f"{OPTION} {name}"):
        if inspect.signature(found).parameters:
            return found(arg)
        reporter = found()
    reporter.arg = arg
    return reporter
