"""What is in the images, and how they run without compose."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from compose_project import command_with
from docs_blocks import ROOT
from fleet_processes import wait_until

from gradual_common import __version__

pytestmark = pytest.mark.usefixtures("images")

BOTH = pytest.mark.parametrize("image", ["gradual", "gradual-agent"])
RUN = ("docker", "run", "--rm", "--read-only", "--cap-drop", "ALL", "--network", "none")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)


def described(image: str) -> Any:
    (shown,) = json.loads(run("docker", "image", "inspect", image).stdout)
    return shown


@BOTH
def test_an_image_has_its_labels_a_numbered_user_and_commands_without_a_shell(image: str) -> None:
    config = described(image)["Config"]
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in config["Labels"].items()}
    assert (labels["version"], labels["licenses"]) == (__version__, "Apache-2.0")
    assert {"source", "revision", "title", "description"} <= labels.keys()
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == [image]
    assert described(f"{image}:{__version__}")["Id"] == described(image)["Id"]


@BOTH
def test_an_image_has_no_installer_and_no_compiler(image: str) -> None:
    for program in ("pip", "pip3", "gcc", "cc", "uv"):
        assert run(*RUN, "--entrypoint", "sh", image, "-c", f"command -v {program}").stdout == ""
    for python in ("python3", "/usr/bin/python3", "/usr/local/bin/python3"):
        shown = run(*RUN, "--entrypoint", "env", image, python, "-m", "pip").stdout
        assert "No module named pip" in shown or "No such file" in shown


@pytest.mark.parametrize("command", ["gradual", "gradual-master", "gradual-agent"])
def test_the_image_has_every_command(command: str) -> None:
    ended = run(*RUN, "--entrypoint", command, "gradual", "--version")
    assert (ended.returncode, ended.stdout) == (0, f"gradual {__version__}\n")


def test_the_agents_image_has_only_the_agent_and_is_smaller() -> None:
    ended = run(*RUN, "gradual-agent", "--version")
    assert (ended.returncode, ended.stdout) == (0, f"gradual {__version__}\n")
    listed = run(*RUN, "--entrypoint", "ls", "gradual-agent", "/opt/gradual/bin").stdout.split()
    assert {name for name in listed if name.startswith("gradual")} == {"gradual-agent"}
    assert described("gradual-agent")["Size"] < described("gradual")["Size"]


@BOTH
def test_nothing_in_an_image_belongs_to_its_user_but_its_two_folders(image: str) -> None:
    script = "find / -xdev -user 10001 -not -path '/proc/*' 2>/dev/null; find /opt/gradual -perm -o+w -not -type l"
    assert sorted(run(*RUN, "--entrypoint", "sh", image, "-c", script).stdout.split()) == ["/plan", "/report"]


def test_a_plan_runs_in_one_container_as_the_page_says(tmp_path: Any) -> None:
    """On a read-only root file system and without compose; the port has no server, so all requests fail."""
    tmp_path.chmod(0o755)
    (tmp_path / "my.yaml").write_bytes((ROOT / "examples/demo.yaml").read_bytes())
    (tmp_path / "users.csv").write_bytes((ROOT / "examples/users.csv").read_bytes())
    command = command_with("--network host").strip().replace("127.0.0.1:8080", "127.0.0.1:9")
    ended = subprocess.run(
        ["bash", "-ec", f"{command} -u 2 -d 1s --json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    summary = json.loads(ended.stdout)
    assert summary["totals"]["failures"] == summary["totals"]["requests"] > 0


def test_the_first_process_of_a_container_ends_at_sigterm() -> None:
    """SIGTERM goes to the command itself: no shell is in between that keeps it."""
    started = run("docker", "run", "--detach", "gradual-agent", "--master", "127.0.0.1:7700", "--master-wait", "10m")
    container = started.stdout.strip()
    try:
        wait_until(lambda: "waiting for the master" in run("docker", "logs", container).stdout, "the agent has started")
        assert run("docker", "stop", "--time", "60", container).returncode == 0
        assert described_container(container)["State"]["ExitCode"] in (0, 143)
    finally:
        run("docker", "rm", "--force", container)


def described_container(container: str) -> Any:
    (shown,) = json.loads(run("docker", "inspect", container).stdout)
    return shown
