"""A run whose standard streams fail still counts, writes its files and has the right exit code.

Cases: readers that end early, closed streams, full disks, encodings that lack a character of the plan's name.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fleet_processes import BIN, Target, running_target

NAME = "Zahlung → Übersicht"
ALLOWED = "--allow-saturated --allow-missing 100%"


@dataclass(frozen=True)
class Shell:
    """Runs commands in a folder with `plan.yaml`, a plan of half a second."""

    folder: Path

    def run(self, line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        """Run a line of bash. Its exit code is that of the command, not of the reader of a pipe (`pipefail`)."""
        path = f"{BIN}:{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            cwd=self.folder,
            env={**os.environ, "PATH": path, **environment},
            capture_output=True,
            timeout=90,
            check=False,
        )

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with running_target(tmp_path_factory.mktemp("target")) as running:
        yield running


@pytest.fixture
def shell(target: Target, tmp_path: Path) -> Shell:
    plan = {
        "config": {"name": NAME, "base_url": target.url, "duration": "500ms"},
        "users": [{"name": "u", "concurrency": 1, "behavior": [{"action": "x", "think_time": "100ms"}]}],
        "actions": {"x": {"url": "/"}},
    }
    (tmp_path / "plan.yaml").write_text(json.dumps(plan, ensure_ascii=False), encoding="utf-8")
    return Shell(tmp_path)


RUN = f"gradual run plan.yaml --agents 1 {ALLOWED}"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_the_summary_is_printed_in_any_encoding(encoding: str, shell: Shell) -> None:
    done = shell.run(RUN, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert NAME.encode(encoding, "replace") in done.stdout
    assert b"Traceback" not in done.stderr


def test_json_keeps_every_character_in_any_encoding(shell: Shell) -> None:
    done = shell.run(f"{RUN} --json", PYTHONIOENCODING="latin-1")
    assert json.loads(done.stdout.decode("ascii"))["run"]["name"] == NAME


def test_commands_accept_file_names_that_the_locale_cannot_encode(shell: Shell) -> None:
    plain = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = shell.run("gradual init Über.yaml && gradual validate Über.yaml && gradual plan Über.yaml", **plain)
    assert done.returncode == 0, done.stderr
    assert "gradual run Über.yaml" in shell.text("Über.yaml")
    done = shell.run(f"mv plan.yaml Ü.yaml; {RUN.replace('plan', 'Ü')} -q -o json=Ö.json -o markdown=Ä.md", **plain)
    assert done.returncode == 0, done.stderr
    assert "Ü.yaml" in json.loads(shell.text("Ö.json"))["run"]["command"]
    assert NAME in shell.text("Ä.md")


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (f"{RUN} -q --json -o json=kept.json | true", 0, b""),
        (f"{RUN} -o json=kept.json | true", 0, b""),
        (f"{RUN} -o json=kept.json >&-", 0, b""),
        (f"{RUN} -o json=kept.json 2>&-", 0, b""),
        (f"{RUN} -o json=kept.json <&- >&- 2>&-", 0, b""),
        (f"{RUN} -o json=kept.json 2> /dev/full", 0, b""),
        (f"{RUN} -q --json -o json=kept.json > /dev/full", 3, b"standard output cannot be written: No space left"),
        (f"{RUN} -o json=kept.json > /dev/full", 3, b"standard output cannot be written: No space left on device"),
        (f"{RUN} -o json=/dev/full -o json=kept.json", 3, b"could not write /dev/full: No space left on device"),
        (f"{RUN} -q -o html=/dev/full -o json=kept.json", 3, b"could not write /dev/full: No space left on device"),
    ],
)
def test_a_run_whose_streams_fail_has_its_exit_code_and_writes_its_files(
    line: str, code: int, message: bytes, shell: Shell
) -> None:
    done = shell.run(line)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert b"Traceback" not in done.stderr + done.stdout
    assert json.loads(shell.text("kept.json"))["run"]["name"] == NAME


def test_the_printed_summary_names_a_report_that_is_missing(shell: Shell) -> None:
    done = shell.run(f"{RUN} -o json=/dev/full")
    assert b"could not write /dev/full: No space left on device" in b" ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("gradual validate plan.yaml | true", 0),
        ("gradual validate nowhere.yaml | true", 2),
        ("gradual plan plan.yaml | true", 0),
        ("gradual schema | head -1", 0),
        ("gradual init - | true", 0),
        ("gradual try plan.yaml | true", 0),
        ("gradual --help | true", 0),
        ("gradual-master --help | true", 0),
        ("gradual-agent --help | true", 0),
        ("gradual validate plan.yaml >&-", 0),
        ("gradual try plan.yaml >&- 2>&-", 0),
        ("gradual schema > /dev/full", 3),
        ("gradual plan plan.yaml > /dev/full", 3),
        ("gradual try plan.yaml > /dev/full", 3),
        ("gradual init - > /dev/full", 3),
        ("gradual validate - <&-", 2),
        ("gradual-agent --master unix:/nowhere --master-wait 1s 2>&-", 3),
        ("gradual-agent --master unix:/nowhere --master-wait 1s 2> /dev/full", 3),
    ],
)
def test_no_command_ends_with_a_traceback(line: str, code: int, shell: Shell) -> None:
    done = shell.run(line)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr + done.stdout
    assert b"Exception ignored" not in done.stderr


def test_a_fleet_with_closed_streams_runs(shell: Shell) -> None:
    agent = "gradual-agent --master unix:here --processes 2 >&- 2>&- &"
    done = shell.run(
        f"{agent} gradual-master run plan.yaml --listen unix:here --expect-agents 1 -o json=kept.json {ALLOWED}"
        " >&- 2>&-; code=$?; wait; exit $code"
    )
    assert done.returncode == 0
    assert json.loads(shell.text("kept.json"))["totals"]["requests"] > 0


def test_reports_are_written_to_pipes(shell: Shell) -> None:
    done = shell.run(
        f"mkfifo named; cat named > copy.json & {RUN} -q -o json=named -o markdown=>(cat > copy.md)"
        " -o junit=/dev/stdout > copy.xml; code=$?; wait; exit $code"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(shell.text("copy.json"))["run"]["name"] == NAME
    assert NAME in shell.text("copy.md")
    assert "<testsuite" in shell.text("copy.xml")


def test_without_a_terminal_the_master_prints_progress_lines_only(shell: Shell) -> None:
    agent = "gradual-agent --master unix:here --master-wait 30s &"
    master = f"gradual-master run plan.yaml --listen unix:here --expect-agents 1 {ALLOWED}"
    done = shell.run(f"{master} & while ! [ -S here ]; do sleep 0.02; done; {agent} wait")
    lines = done.stderr.decode().splitlines()
    assert lines[0] == "listening on unix:here, waiting for 1 agent"
    others = [line for line in lines[1:] if " | users " not in line]
    assert [line.split("] ")[1].split(" [")[0] for line in others] == ["this agent ends: the run is over"]
