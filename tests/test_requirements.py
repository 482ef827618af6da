"""The requirements of a host that runs agents only: the distributions that they import, in the versions of the full
installation."""

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
"""Packages that several distributions share."""


def normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(name: str) -> dict[str, str]:
    """The entries of a lock file, with versions and hashes, by the distribution's name and marker."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text()
    entries = re.findall(r"^(\S+?)==((?:.*\\\n)*.*)$", text, re.MULTILINE)
    return {f"{distribution} {entry.partition(' ')[0]}": entry for distribution, entry in entries}


def names(entries: dict[str, str]) -> set[str]:
    return {entry.partition(" ")[0] for entry in entries}


def listed() -> set[str]:
    lines = (ROOT / "requirements/agent.in").read_text().splitlines()
    return {line for line in lines if not line.startswith("#")}


def imported() -> set[str]:
    """Third-party modules that the agent's packages import, at the top of a module or in a function."""
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
    return {module: [normalize(name) for name in found] for module, found in packages_distributions().items()}


def distribution_of(module: str) -> str:
    top = module.partition(".")[0]
    for prefix, name in SHARED.get(top, {}).items():
        if module.startswith(prefix):
            return name
    return distributions()[top][0]


def test_the_list_has_exactly_what_agents_import() -> None:
    needed = {distribution_of(module) for module in imported()}
    assert needed <= names(locked("agent")), "requirements/agent.in lacks an imported distribution"
    assert listed() <= needed, "requirements/agent.in has a distribution that is not imported"


def test_the_full_installation_has_the_agents_requirements_in_the_same_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dependencies = {normalize(re.split(r"[^\w.-]", dependency)[0]) for dependency in project["dependencies"]}
    assert listed() <= dependencies
    whole = locked("image")
    assert locked("agent").items() <= whole.items(), "run requirements/lock.sh"


BLOCK_IMPORTS = """
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


def python_of_an_agent_host(code: str, folder: Path, **values: object) -> None:
    """Run `code` in a Python that can import only what an agent's host has."""
    present = names(locked("agent")) | {"gradual-loadtest"}
    absent = {module for module, found in distributions().items() if not present & set(found)} - set(SHARED)
    absent.add("google.rpc")
    assert absent >= {"aiohttp", "bokeh", "opentelemetry", "prometheus_client", "pyarrow", "rich", "typer"}
    values = {"ABSENT": sorted(absent), "PACKAGES": PACKAGES, **values}
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    environment = {"PYTHONPATH": str(ROOT / "tests/recorded"), "PATH": os.environ["PATH"], "TZ": "UTC"}
    subprocess.run(
        [sys.executable, "-c", "\n".join([*lines, BLOCK_IMPORTS, code])],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        timeout=60,
        check=True,
    )


def test_an_agent_host_can_import_every_module_of_an_agent(tmp_path: Path) -> None:
    python_of_an_agent_host(IMPORT_ALL, tmp_path)


def test_an_agent_host_can_run_an_agent(tmp_path: Path) -> None:
    """It replays the recorded agent, with its templates and assertions, and sends the same bytes."""
    script = [ROOT / "tests/recorded/replay_agent.py", RECORDING, GOLDEN / "to_agents.jsonl.gz"]
    python_of_an_agent_host(RUN_AGENT, tmp_path, SCRIPT=[str(word) for word in script])
    assert outcome(tmp_path)["to_master.jsonl"] == outcome(GOLDEN)["agent/to_master.jsonl"]
