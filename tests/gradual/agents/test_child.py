"""An agent process of `gradual run` waits for the master's socket, and says how it failed."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from gradual.agents import child
from gradual_common.process.exit_codes import NOT_DONE


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
    assert looks == [child.POLL_S] * 3


def test_a_child_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, 10.0, child.MASTER_TIMEOUT_S - 1, child.MASTER_TIMEOUT_S])
    monkeypatch.setattr(child.time, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(child.time, "sleep", lambda _: None)
    child.await_socket(tmp_path / "master.sock")
    assert next(seconds, None) is None


def test_an_unexpected_error_goes_to_the_log_and_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(options: object) -> int:
        raise RuntimeError("https://me:hunter2@host")

    logged: list[str] = []
    monkeypatch.setattr("gradual_agent.process.process.run_process", fail)
    monkeypatch.setattr("structlog.get_logger", lambda name: SimpleNamespace(exception=logged.append))
    path = tmp_path / "master.sock"
    path.touch()
    assert child.serve(path, "a") == NOT_DONE
    assert logged == ["the agent failed"]
