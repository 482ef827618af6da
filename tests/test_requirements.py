"""What a host that runs agents only needs: what their packages import, in the versions of the whole install."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from record import GOLDEN, RECORDING, outcome

ROOT = Path(__file__).parent.parent
PACKAGES = ("gradual_agent", "gradual_common")
SHARED = {"google": {"google.protobuf": "protobuf", "google.rpc": "googleapis-common-protos"}}
"""Packages into which several distributions install."""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(name: str) -> dict[str, str]:
    """The entries of a lock, with versions and hashes, by their distributions' names and markers."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text()
    entries = re.findall(r"^(\S+?)==((?:.*\\\n)*.*)$", text, re.MULTILINE)
    return {f"{distribution} {entry.partition(' ')[0]}": entry for distribution, entry in entries}


def names(entries: dict[str, str]) -> set[str]:
    return {entry.partition(" ")[0] for entry in entries}


def listed() -> set[str]:
    lines = (ROOT / "requirements/agent.in").read_text().splitlines()
    return {line for line in lines if not line.startswith("#")}


def imported() -> set[str]:
    """Modules of others that the agent's packages import, wherever: at the top of a module or in a function."""
    found: set[str] = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found.update(alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module)
    known = sys.stdlib_module_names | {"_typeshed", *PACKAGES}
    return {name for name in found if name.partition(".")[0] not in known}


@cache
def distributions() -> dict[str, list[str]]:
    return {module: [normal(name) for name in found] for module, found in packages_distributions().items()}


def distribution_of(module: str) -> str:
    top = module.partition(".")[0]
    for prefix, name in SHARED.get(top, {}).items():
        if module.startswith(prefix):
            return name
    return distributions()[top][0]


def test_the_list_names_what_agents_import_and_no_more() -> None:
    needed = {distribution_of(module) for module in imported()}
    assert needed <= names(locked("agent")), "requirements/agent.in lacks what is imported"
    assert listed() <= needed, "requirements/agent.in names what is not imported"


def test_what_agents_need_is_part_of_the_whole_in_the_same_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dependencies = {normal(re.split(r"[^\w.-]", dependency)[0]) for dependency in project["dependencies"]}
    assert listed() <= dependencies
    whole = locked("image")
    assert locked("agent").items() <= whole.items(), "run requirements/lock.sh"


WITHOUT = """
import importlib, pkgutil, runpy, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if any(name == absent or name.startswith(absent + ".") for absent in ABSENT):
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)

sys.meta_path.insert(0, Absent())
"""
IMPORT_ALL = """
for package in PACKAGES:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""
RUN_AGENT = """
sys.argv = SCRIPT
runpy.run_path(SCRIPT[0], run_name="__main__")
"""


def python_without_the_rest(code: str, folder: Path, **values: object) -> None:
    """Run `code` where nothing can be imported but what an agent's host has."""
    present = names(locked("agent")) | {"gradual-loadtest"}
    absent = {module for module, found in distributions().items() if not present & set(found)} - set(SHARED)
    absent.add("google.rpc")
    assert absent >= {"aiohttp", "bokeh", "opentelemetry", "prometheus_client", "pyarrow", "rich", "typer"}
    values = {"ABSENT": sorted(absent), "PACKAGES": PACKAGES, **values}
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    environment = {"PYTHONPATH": str(ROOT / "tests/recorded"), "PATH": os.environ["PATH"], "TZ": "UTC"}
    subprocess.run(
        [sys.executable, "-c", "\n".join([*lines, WITHOUT, code])],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        timeout=60,
        check=True,
    )


def test_every_module_of_an_agent_is_imported_without_the_rest(tmp_path: Path) -> None:
    python_without_the_rest(IMPORT_ALL, tmp_path)


def test_an_agent_runs_without_the_rest(tmp_path: Path) -> None:
    """The recorded one: its job, its templates and what it asserts, and the bytes that it sends."""
    script = [ROOT / "tests/recorded/replay_agent.py", RECORDING, GOLDEN / "to_agents.jsonl.gz"]
    python_without_the_rest(RUN_AGENT, tmp_path, SCRIPT=[str(word) for word in script])
    assert outcome(tmp_path)["to_master.jsonl"] == outcome(GOLDEN)["agent/to_master.jsonl"]
