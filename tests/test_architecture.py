"""Every module keeps the rules of architecture (docs/design/architecture.md, 3.2)."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("gradual", "gradual_agent", "gradual_common", "gradual_master")

FORBIDDEN_BY_PACKAGE = {
    "gradual_common": ("gradual", "gradual_agent", "gradual_master", "asyncio", "socket", "grpc", "uvloop"),
    "gradual_agent": ("gradual", "gradual_master"),
    "gradual_master": ("gradual", "gradual_agent"),
    "gradual": (),
}

IO_MODULES = ("asyncio", "socket", "grpc", "uvloop", "aiohttp")
CORE = (
    "gradual_agent.coordination",
    "gradual_agent.recording",
    "gradual_agent.users",
    "gradual_master.analysis",
    "gradual_master.coordination",
    "gradual_master.results",
    "gradual_master.run.dispatch",
    "gradual_master.run.provisions",
    "gradual_master.serving.send_queue",
)
"""The modules that decide: they get the time and the events, and do no I/O. So does all of `gradual_common`."""

ADAPTERS = {
    "gradual_agent": ("gradual_agent.http", "gradual_agent.master_link", "gradual_agent.process", "gradual_agent.cli"),
    "gradual_master": (
        "gradual_master.serving.server",
        "gradual_master.run.conduct",
        "gradual_master.command_line",
        "gradual_master.reporting",
        "gradual_master.cli",
    ),
}
STUBS = "gradual_common.wire.fleet_pb2_grpc"
STUB_USERS = (
    "gradual_agent.master_link.rpc",
    "gradual_agent.master_link.samples",
)
MESSAGE_USERS = (
    "gradual_common.protocol.codec",
    "gradual_common.protocol.codec_samples",
    "gradual_common.protocol.provisions",
    "gradual_master.serving.receiving",
    "gradual_master.serving.server",
    *STUB_USERS,
)

MAX_FILES = 12
"""Of one folder, with its `__init__.py`."""


@cache
def modules() -> dict[str, Path]:
    """Our modules by their dotted names."""
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "wire" not in path.parts)
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(modules()[name].read_text())


@cache
def imports(name: str) -> frozenset[str]:
    """Every module that a module imports: at its top, in a function, or for typing only."""
    found: set[str] = set()
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def ours(name: str) -> set[str]:
    """Our modules that a module imports. `from package import module` imports the module, not the package."""
    found = {imported for imported in imports(name) if imported in modules()} - {name}
    return {
        imported
        for imported in found
        if modules()[imported].name != "__init__.py" or not any(other.startswith(imported + ".") for other in found)
    }


def loaded(name: str) -> set[str]:
    """Our modules that Python loads when it imports a module: those that it imports, and their packages."""
    named = ours(name)
    packages = {imported.rsplit(".", level)[0] for imported in named for level in range(1, imported.count(".") + 1)}
    return (named | packages) & set(modules()) - {name}


def closure(name: str) -> Iterator[tuple[str, ...]]:
    """The shortest chain of imports from a module to each module that it loads."""
    seen, chains = {name}, [(name,)]
    for chain in chains:
        yield chain
        following = sorted(loaded(chain[-1]) - seen)
        seen.update(following)
        chains.extend((*chain, module) for module in following)


def circles() -> Iterator[list[str]]:
    """Circles of imports: for each module in one, the smallest circle."""
    for name in modules():
        seen, chains = set(), [(name,)]
        for chain in chains:
            following = ours(chain[-1])
            if name in following:
                yield sorted(chain)
                break
            chains.extend((*chain, module) for module in sorted(following - seen))
            seen.update(following)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    broken = [
        f"{name} imports {imported}"
        for name in modules()
        if within(name, (package,))
        for imported in imports(name)
        if within(imported, FORBIDDEN_BY_PACKAGE[package])
    ]
    assert broken == []


@pytest.mark.parametrize("package", CORE)
def test_decisions_import_neither_io_nor_adapters(package: str) -> None:
    """Also not indirectly, by a chain of imports."""
    deciding = [name for name in modules() if within(name, (package,))]
    assert deciding, f"{package} does not exist"
    forbidden = IO_MODULES + ADAPTERS[package.partition(".")[0]]
    broken = {
        " → ".join((*chain, imported))
        for name in deciding
        for chain in closure(name)
        for imported in imports(chain[-1])
        if within(imported, forbidden)
    }
    assert sorted(broken) == []


def test_no_module_imports_itself_through_others() -> None:
    assert sorted({tuple(circle) for circle in circles()}) == []


def test_only_the_shells_import_grpc_stubs() -> None:
    users = {name for name in modules() for imported in imports(name) if within(imported, (STUBS,))}
    assert users == set(STUB_USERS)


def test_only_the_codecs_and_the_shells_import_generated_messages() -> None:
    users = {name for name in modules() for imported in imports(name) if within(imported, ("gradual_common.wire",))}
    assert users <= set(MESSAGE_USERS)


def test_the_clock_is_read_outside_the_common_package_only() -> None:
    users = [
        name
        for name in modules()
        if within(name, ("gradual_common",))
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "time"
        and node.attr.removesuffix("_ns") in {"time", "monotonic", "perf_counter", "clock_gettime"}
    ]
    assert users == []


def test_a_folder_has_at_most_twelve_files() -> None:
    folders = Counter(str(path.parent.relative_to(ROOT)) for path in modules().values())
    assert {folder: files for folder, files in folders.items() if files > MAX_FILES} == {}


def test_the_tests_mirror_the_packages() -> None:
    """Each folder of tests of a package has the folder that it tests."""
    folders = [
        (package, folder.relative_to(ROOT / "tests" / package.removeprefix("gradual_")))
        for package in PACKAGES
        for folder in (ROOT / "tests" / package.removeprefix("gradual_")).rglob("*")
        if folder.is_dir() and folder.name != "__pycache__"
    ]
    assert folders
    assert [str(folder) for package, folder in folders if not (ROOT / package / folder).is_dir()] == []


def test_no_class_name_exists_twice() -> None:
    modules_by_class: dict[str, list[str]] = {}
    for name in modules():
        for node in ast.walk(tree_of(name)):
            if isinstance(node, ast.ClassDef):
                modules_by_class.setdefault(node.name, []).append(name)
    assert {name: found for name, found in modules_by_class.items() if len(found) > 1} == {}
