"""An agent process of `gradual run` ends with its parent, and waits for the master's socket."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gradual.agents import child

WATCHING = (
    "import threading; from gradual.agents.child import end_with_parent; end_with_parent(); threading.Event().wait()"
)


def test_a_child_ends_when_nobody_holds_its_pipe_any_more() -> None:
    process = subprocess.Popen([sys.executable, "-c", WATCHING], stdin=subprocess.PIPE)
    try:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == child.NOT_DONE
    finally:
        process.kill()
        process.wait()


def test_a_killed_parent_takes_its_children_along() -> None:
    """The parent prints its child's id and is killed; the child's output then ends, as the child has."""
    parent = (
        "import subprocess, sys, threading;"
        f"command = [sys.executable, '-c', {WATCHING!r}];"
        "child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True);"
        "print(child.pid, flush=True); threading.Event().wait()"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        process.kill()
        assert process.stdout.read() == ""


def test_a_child_goes_on_as_soon_as_the_socket_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "master.sock"
    looks: list[float] = []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            path.touch()

    monkeypatch.setattr(child.time, "sleep", pause)
    child.await_socket(path)
    child.await_socket(path)
    assert looks == [child.LOOK_S] * 3


def test_a_child_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, 10.0, child.PATIENCE_S - 1, child.PATIENCE_S])
    monkeypatch.setattr(child.time, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(child.time, "sleep", lambda _: None)
    child.await_socket(tmp_path / "master.sock")
    assert next(seconds, None) is None


def test_what_nobody_foresaw_goes_to_the_log_and_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(options: object) -> int:
        raise RuntimeError("https://me:hunter2@host")

    told: list[str] = []
    monkeypatch.setattr("gradual_agent.process.process.run_process", fail)
    monkeypatch.setattr("structlog.get_logger", lambda name: SimpleNamespace(exception=told.append))
    path = tmp_path / "master.sock"
    path.touch()
    assert child.serve(path, "a") == child.NOT_DONE
    assert told == ["the agent failed"]
