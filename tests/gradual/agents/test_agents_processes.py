"""The agent processes of `gradual run` never outlive the block that started them, and what they write arrives whole."""

import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gradual.agents import processes as agent_processes
from gradual.agents.processes import AgentProcesses, default_agents, private_folder, relayed_errors, running_agents
from gradual.errors import AgentsFailedError

SOCKET = Path("never.sock")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Instead of agents: processes that end when their pipe does."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, arguments: Sequence[str], errors: int | None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
        processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True))
        return processes[-1]

    monkeypatch.setattr(agent_processes, "start_agent", start)
    monkeypatch.setattr(agent_processes, "END_TIMEOUT_S", 0.0)
    return processes


def test_there_is_at_least_one_agent() -> None:
    assert default_agents() >= 1


def test_agents_that_do_not_end_by_themselves_are_ended(started: list[subprocess.Popen[bytes]]) -> None:
    with running_agents(running := AgentProcesses(SOCKET, "warning", "console"), 3):
        assert len(started) == 3
        running.check()
    assert [process.poll() for process in started] == [0, 0, 0]


def test_an_error_ends_them_at_once(started: list[subprocess.Popen[bytes]]) -> None:
    agents = AgentProcesses(SOCKET, "warning", "console")
    with pytest.raises(KeyboardInterrupt), running_agents(agents, 2):
        raise KeyboardInterrupt
    assert all(process.poll() is not None for process in started)


def test_an_agent_that_ended_too_early_is_named(started: list[subprocess.Popen[bytes]]) -> None:
    with running_agents(running := AgentProcesses(SOCKET, "warning", "console"), 2):
        started[1].kill()
        started[1].wait()
        with pytest.raises(AgentsFailedError, match="agent 2 of 2 ended with exit code -9 before the run began"):
            running.check()


def test_a_process_that_cannot_be_started_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_processes.sys, "executable", "/nowhere/python")
    agents = AgentProcesses(SOCKET, "warning", "console")
    with pytest.raises(AgentsFailedError, match="cannot start agent 1 of 1"), running_agents(agents, 1):
        pass


CHATTER = "import sys; [sys.stderr.write(sys.argv[1] * 50 + chr(10)) or sys.stderr.flush() for _ in range(20)]"


def test_without_a_folder_for_temporary_files_the_message_says_how_to_give_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in a container with a read-only root file system."""

    def find_none() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", find_none)
    with pytest.raises(AgentsFailedError, match="set TMPDIR to one; in a container mount one"), private_folder():
        pass


def test_lines_of_several_processes_arrive_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", heard := io.StringIO())
    with relayed_errors(True) as errors:
        others = [subprocess.Popen([sys.executable, "-c", CHATTER, letter], stderr=errors) for letter in "abc"]
        assert [other.wait(60) for other in others] == [0, 0, 0]
    assert sorted(heard.getvalue().splitlines()) == [letter * 50 for letter in "abc" for _ in range(20)]


def test_unless_it_is_wanted_nothing_is_relayed() -> None:
    with relayed_errors(False) as errors:
        assert errors is None
