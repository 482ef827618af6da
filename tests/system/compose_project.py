"""A project of docker-compose in a reader's folder: `docker-compose.yml` and what it needs, in a folder of the test.

Every project has a name of its own and is removed at the end: no other container of this machine is touched.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from docs_blocks import ROOT, blocks_of
from fleet_processes import wait_until

DEADLINE_S = 240
"""For one command; the longest runs the demo, 70 seconds."""

COUNTS = (
    "import sys, urllib.request as web; sys.stdout.write(web.urlopen('http://127.0.0.1:8080/stats').read().decode())"
)


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    output: str


@dataclass(frozen=True)
class ComposeProject:
    """A project, and the folder that its commands run in."""

    folder: Path
    name: str

    def run(self, command: str, **variables: str) -> Ended:
        """Run a command of the page in the folder."""
        ended = subprocess.run(
            ["bash", "-ec", command],
            cwd=self.folder,
            env={**os.environ, "COMPOSE_PROJECT_NAME": self.name, "NO_COLOR": "1", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout)

    def succeed(self, command: str, **variables: str) -> str:
        """Run a command that must end with 0; its output."""
        ended = self.run(command, **variables)
        assert ended.code == 0, ended.output
        return ended.output

    def write_plan(self, **changes: Any) -> None:
        """Write the page's plan as `my.yaml`, with other values of `config`; JSON is YAML."""
        plan = page_plan()
        plan["config"] |= changes.pop("config", {})
        (self.folder / "my.yaml").write_text(json.dumps({**plan, **changes}))

    def summary(self) -> dict[str, Any]:
        """The report of the last run, copied as the page does it."""
        shutil.rmtree(self.folder / "report", ignore_errors=True)
        self.succeed("docker compose cp master:/report ./report")
        return self.copied_summary()

    def copied_summary(self) -> dict[str, Any]:
        """The report that has been copied."""
        summary: dict[str, Any] = json.loads((self.folder / "report/summary.json").read_text())
        return summary

    def bank_requests(self) -> int:
        """What the bank, which runs, has counted."""
        return int(json.loads(self.succeed(f'docker compose exec -T bank python3 -c "{COUNTS}"'))["requests"])

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers that run."""
        return self.succeed(f"docker compose ps --quiet {service}").split()

    def wait_until_logged(self, service: str, text: str) -> None:
        """Wait until a service has written a line with this text."""
        wait_until(lambda: text in self.succeed(f"docker compose logs {service}"), f"{service}: {text!r}", pause_s=0.2)


@contextmanager
def compose_project(folder: Path) -> Iterator[ComposeProject]:
    """A project in `folder`; its containers, networks and volumes are removed at the end of the block."""
    folder.chmod(0o755)  # The containers' user reads it; folders of tests are private.
    (folder / "docker-compose.yml").symlink_to(ROOT / "docker-compose.yml")
    (folder / "deploy").symlink_to(ROOT / "deploy")
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copy(ROOT / "examples/users.csv", folder)
    project = ComposeProject(folder, f"gradual-test-{uuid4().hex[:12]}")
    try:
        yield project
    finally:
        project.succeed("docker compose --profile prometheus down --volumes --timeout 1")


def commands_of_page() -> list[str]:
    """The commands of docs/docker.md, block by block."""
    return [block.text for block in blocks_of(ROOT / "docs/docker.md") if block.language == "sh"]


def command_with(text: str) -> str:
    """The one block of the page that has this text."""
    (found,) = [command for command in commands_of_page() if text in command]
    return found


def page_plan() -> dict[str, Any]:
    """The plan that the page shows."""
    (block,) = [block for block in blocks_of(ROOT / "docs/docker.md") if block.language == "yaml"]
    plan: dict[str, Any] = yaml.safe_load(block.text)
    return plan


def served(output: str) -> int:
    """What the bank says at its end that it has counted."""
    (found,) = re.findall(r"The bank served ([\d,]+) requests?", output)
    return int(found.replace(",", ""))
