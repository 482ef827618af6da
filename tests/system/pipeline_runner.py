"""Runs the scripts of a pipeline's step as the runners of GitHub, GitLab and Jenkins do."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docs_blocks import BLOCKS, ROOT
from fleet_processes import BIN, DEADLINE_S

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INSTALL_S = 300
"""An installation downloads 50 MB."""

SHIM = """#!/bin/sh
# So short a run on a busy machine must not be invalid; that is not what these tests are about.
[ "$1" = run ] && exec {gradual} "$@" --agents 1 --allow-saturated --allow-missing 100%
exec {gradual} "$@"
"""


def block_of(language: str, containing: str) -> str:
    """The one block of the page of pipelines in this language that has this text."""
    (found,) = [
        block.text
        for block in BLOCKS
        if block.page.name == "pipelines.md" and block.language == language and containing in block.text
    ]
    return found


@dataclass(frozen=True)
class StepResult:
    """How a step ended, what it wrote, and the outputs that it set."""

    code: int
    stdout: str
    stderr: str
    outputs: dict[str, str]

    def annotations(self) -> list[str]:
        """The workflow commands that a runner of GitHub finds: it reads both streams."""
        return [line for line in (self.stdout + self.stderr).splitlines() if line.lstrip().startswith("::")]


class Workspace:
    """A checkout with `load/plan.yaml` of the page, and a bank at `url`."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder / "repository"
        self.temporary = folder / "temporary"
        self.url = url
        self.job_page = folder / "job.md"
        for path in (self.folder / "load", self.temporary, folder / "bin"):
            path.mkdir(parents=True)
        shim = folder / "bin/gradual"
        shim.write_text(SHIM.format(gradual=BIN / "gradual"))
        shim.chmod(0o755)
        self.path = f"{folder / 'bin'}:{os.environ['PATH']}"
        self.write_plan()

    def localize(self, text: str) -> str:
        """With the address of this bank."""
        return text.replace("http://127.0.0.1:8080", self.url)

    def write_plan(self, old: str = "", new: str = "") -> None:
        """Write the page's plan, of one second; `old` in it becomes `new`."""
        text = self.localize(block_of("yaml", "thresholds")).replace("30s", "1s")
        assert old in text
        (self.folder / "load/plan.yaml").write_text(text.replace(old, new))

    def run(
        self, words: list[str], environment: dict[str, str], timeout_s: float = DEADLINE_S
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the checkout, without variables of a real runner."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "RUNNER_"))}
        return subprocess.run(
            words,
            cwd=self.folder,
            env={**clean, "PATH": self.path, **environment},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def github(self, script: str, timeout_s: float = DEADLINE_S, **variables: str) -> StepResult:
        """Run a `run:` script with `shell: bash`."""
        output, file = self.temporary / "output", self.temporary / "step.sh"
        output.write_text("")
        file.write_text(script)
        environment = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.folder),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_PATH": str(self.temporary / "path"),
            "GITHUB_STEP_SUMMARY": str(self.job_page),
            "RUNNER_TEMP": str(self.temporary),
        }
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)]
        done = self.run(words, {**environment, **variables}, timeout_s)
        outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return StepResult(done.returncode, done.stdout, done.stderr, outputs)

    def action(self, **inputs: str) -> StepResult:
        """Run the composite action with these inputs (`exit_code` is `exit-code`), where Gradual is installed."""
        given = {name: entry.get("default", "") for name, entry in ACTION["inputs"].items()}
        given |= {name.replace("_", "-"): text for name, text in inputs.items()}
        assert given.keys() == ACTION["inputs"].keys()
        step = step_of("run")
        variables = {
            name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], text)
            for name, text in step["env"].items()
        }
        return self.github(step["run"], **variables)


def step_of(name: str) -> dict[str, Any]:
    """The step of the action with this id."""
    (found,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == name]
    return dict(found)
