"""The import rules of the house (DESIGN.md, section 3) hold for every module."""

import ast
from collections.abc import Iterator
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

SHELL_ONLY = ("asyncio", "socket", "grpc", "uvloop", "aiohttp")
CORE = {
    "gradual_agent": ("coordination", "recording", "users"),
    "gradual_master": ("coordination", "results", "serving/send_queue.py", "run/provisions.py"),
}
"""What decides: folders and modules that are told of time and of what happens, and do no I/O."""

ADAPTERS = {
    "gradual_agent": ("gradual_agent.http", "gradual_agent.master_link", "gradual_agent.process", "gradual_agent.cli"),
    "gradual_master": (
        "gradual_master.serving",
        "gradual_master.run.conduct",
        "gradual_master.command_line",
        "gradual_master.reporting",
        "gradual_master.cli",
    ),
}
STUBS = "gradual_common.wire.fleet_pb2_grpc"
STUB_READERS = (
    "gradual_agent/master_link/rpc.py",
    "gradual_agent/master_link/samples.py",
    "gradual_master/serving/server.py",
)
MESSAGE_READERS = ("gradual_common/protocol/codec.py", "gradual_common/protocol/sample_codec.py", *STUB_READERS)


def modules(package: str) -> Iterator[Path]:
    return (path for path in (ROOT / package).rglob("*.py") if "wire" not in path.parts)


def deciding(package: str) -> Iterator[Path]:
    """The modules of a package that decide; each place of `CORE` holds some."""
    for place in CORE[package]:
        found = list((ROOT / package / place).rglob("*.py")) or [ROOT / package / place]
        assert all(path.is_file() for path in found), place
        yield from found


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it, except for typing only."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(package)
        for name in imports(path)
        if within(name, FORBIDDEN_BY_PACKAGE[package])
    ]
    assert broken == []


@pytest.mark.parametrize("package", sorted(CORE))
def test_decisions_import_neither_io_nor_adapters(package: str) -> None:
    forbidden = SHELL_ONLY + ADAPTERS[package]
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in deciding(package)
        for name in imports(path)
        if within(name, forbidden)
    ]
    assert broken == []


def test_grpc_stubs_are_read_by_the_two_shells_only() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in modules(package)
        for name in imports(path)
        if within(name, (STUBS,))
    }
    assert readers == set(STUB_READERS)


def test_generated_messages_are_read_by_the_codec_and_the_shells_only() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in modules(package)
        for name in imports(path)
        if within(name, ("gradual_common.wire",))
    }
    assert readers <= set(MESSAGE_READERS)


def test_the_clock_is_read_outside_the_common_package_only() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in modules("gradual_common")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "time"
        and node.attr.removesuffix("_ns") in {"time", "monotonic", "perf_counter", "clock_gettime"}
    ]
    assert readers == []
