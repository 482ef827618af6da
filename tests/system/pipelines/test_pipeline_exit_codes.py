"""`--exit-code`: each end of a run that was reported has the pipeline's code, and the verdict keeps its own."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import BIN, DEADLINE_S, stop

CHANGES = ("failed=71", "invalid=72", "interrupted=73", "terminated=74")


@dataclass
class SilentRun:
    """A run whose two users wait for the answer to their first request, which never comes."""

    process: subprocess.Popen[str]
    folder: Path

    def kill_agents(self) -> None:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        assert children
        for child in children:
            os.kill(int(child), signal.SIGKILL)

    def end(self) -> tuple[int, dict[str, Any]]:
        """Wait for the end: the exit code, and the summary."""
        self.process.communicate(timeout=DEADLINE_S)
        summary: dict[str, Any] = json.loads((self.folder / "summary.json").read_text())
        return self.process.returncode, summary


@contextmanager
def silent_run(folder: Path) -> Iterator[SilentRun]:
    with ExitStack() as stack:
        system = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        url = f"http://127.0.0.1:{system.getsockname()[1]}/"
        words = [
            str(BIN / "gradual"),
            "run",
            url,
            "-u",
            "2",
            "-d",
            "10m",
            "-q",
            "--agents",
            "1",
            "-o",
            "json=summary.json",
        ]
        words += [word for change in CHANGES for word in ("--exit-code", change)]
        process = subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, text=True)
        stack.callback(stop, process)
        for _ in range(2):
            connection = stack.enter_context(system.accept()[0])
            assert connection.recv(1000)
        yield SilentRun(process, folder)


def signal_twice(run: SilentRun, number: signal.Signals) -> None:
    """Once to drain, once more to cut what is in flight."""
    assert run.process.stderr is not None
    run.process.send_signal(number)
    assert any("stop again" in line for line in run.process.stderr)
    run.process.send_signal(number)


@pytest.mark.parametrize(
    ("end", "code", "status", "usual"),
    [
        (SilentRun.kill_agents, 72, "invalid", 3),
        (partial(signal_twice, number=signal.SIGINT), 73, "interrupted", 130),
        (partial(signal_twice, number=signal.SIGTERM), 74, "interrupted", 143),
    ],
)
def test_a_run_that_does_not_reach_its_end_has_the_code_of_the_pipeline(
    tmp_path: Path, end: Callable[[SilentRun], None], code: int, status: str, usual: int
) -> None:
    with silent_run(tmp_path) as run:
        end(run)
        ended, summary = run.end()
    assert ended == summary["run"]["exit_code"] == code
    assert (summary["verdict"]["status"], summary["verdict"]["code"]) == (status, usual)


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A run in which every request fails: nothing listens on port 9."""
    words = [str(BIN / "gradual"), "run", "http://127.0.0.1:9/", "-d", "1s", "-u", "1", "--agents", "1", "-q"]
    words += ["--allow-saturated", "--allow-missing", "100%", *options]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def test_a_report_that_cannot_be_written_is_invalid_by_name(tmp_path: Path) -> None:
    done = run(tmp_path, "-o", "json=/dev/full", "-o", "json=summary.json", "--exit-code", "invalid=75")
    assert done.returncode == 75, done.stderr
    done = run(tmp_path, "-o", "json=/dev/full", "--exit-code", "failed=99")
    assert done.returncode == 3, "a name that is not given keeps its code"


def test_a_failed_run_may_pass(tmp_path: Path) -> None:
    done = run(tmp_path, "-o", "json=summary.json", "--exit-code", "failed=0")
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["verdict"]["status"], summary["verdict"]["code"], summary["run"]["exit_code"]) == ("failed", 1, 0)


def test_a_command_that_ends_without_a_run_keeps_its_code(tmp_path: Path) -> None:
    done = run(tmp_path, "-o", "json=missing/summary.json", "--exit-code", "failed=99", "--exit-code", "invalid=75")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
