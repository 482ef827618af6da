"""The agent processes of `gradual run` never outlive the block that started them."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gradual.agents import embedded
from gradual.agents.embedded import default_agents, running_agents
from gradual.errors import AgentsFailedError

SOCKET = Path("never.sock")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Instead of agents: processes that end when their pipe does."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(
        socket: Path, index: int, number: int, options: Sequence[str], errors: int | None
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
        processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True))
        return processes[-1]

    monkeypatch.setattr(embedded, "start_agent", start)
    monkeypatch.setattr(embedded, "FAREWELL_S", 0.0)
    return processes


def test_there_is_at_least_one_agent() -> None:
    assert default_agents() >= 1


def test_agents_that_do_not_end_by_themselves_are_ended(started: list[subprocess.Popen[bytes]]) -> None:
    with running_agents(3, SOCKET, ()) as running:
        assert len(started) == 3
        running.check()
    assert [process.poll() for process in started] == [0, 0, 0]


def test_an_error_ends_them_at_once(started: list[subprocess.Popen[bytes]]) -> None:
    with pytest.raises(KeyboardInterrupt), running_agents(2, SOCKET, ()):
        raise KeyboardInterrupt
    assert all(process.poll() is not None for process in started)


def test_an_agent_that_ended_too_early_is_named(started: list[subprocess.Popen[bytes]]) -> None:
    with running_agents(2, SOCKET, ()) as running:
        started[1].kill()
        started[1].wait()
        with pytest.raises(AgentsFailedError, match="agent 2 of 2 ended with exit code -9 before the run began"):
            running.check()


def test_a_process_that_cannot_be_started_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.sys, "executable", "/nowhere/python")
    with pytest.raises(AgentsFailedError, match="cannot start agent 1 of 1"), running_agents(1, SOCKET, ()):
        pass
