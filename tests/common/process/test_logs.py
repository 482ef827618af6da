"""Every log line goes to standard error in one form, bears run and agent, and shows no secret."""

import asyncio
import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gradual_common.process import logs
from gradual_common.process.logs import bind_process, configure_logging, mask_in_logs, usual_level
from gradual_common.secrecy.masking import Mask


@pytest.fixture(autouse=True)
def _restored_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logging belongs to the process: leave it as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(logs, "_BOUND", {})
    monkeypatch.setattr(logs, "_HIDDEN", [Mask()])
    monkeypatch.setenv("GRPC_VERBOSITY", "ERROR")
    yield
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_a_line_bears_what_the_process_is_bound_to(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json", run="r1", agent="a1")
    structlog.get_logger("gradual.agent").info("connected", port=80)
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "connected", "port": 80, "run": "r1", "agent": "a1", "level": "info", "logger": "gradual.agent",
    }  # fmt: skip


def test_libraries_that_log_through_the_standard_library_look_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json", run="r1")
    for name in ("grpc", "aiohttp.server", "asyncio"):
        logging.getLogger(name).warning("lost %s", "it")
    assert [(line["logger"], line["event"], line["run"]) for line in lines(capsys)] == [
        ("grpc", "lost it", "r1"), ("aiohttp.server", "lost it", "r1"), ("asyncio", "lost it", "r1"),
    ]  # fmt: skip


def test_warnings_are_log_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", UserWarning, stacklevel=1)
    (line,) = lines(capsys)
    assert line["logger"] == "py.warnings"
    assert "UserWarning: old" in line["event"]


def test_lines_below_the_level_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "json")
    structlog.get_logger("gradual").info("quiet")
    logging.getLogger("grpc").info("quiet")
    assert lines(capsys) == []


def test_an_unknown_level_is_an_error() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        configure_logging("loud")


@pytest.mark.parametrize("terminal", [True, False])
def test_lines_are_plain_unless_json_is_asked_for(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    configure_logging()
    structlog.get_logger("gradual").info("hello", x=1)
    text = capsys.readouterr().err
    assert text[2] == ":", "it begins with the time"
    assert "hello" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("verbose", "terminal", "level"),
    [(False, True, "info"), (False, False, "warning"), (True, True, "debug"), (True, False, "debug")],
)
def test_off_a_terminal_there_are_warnings_only_unless_details_are_asked_for(
    verbose: bool, terminal: bool, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert usual_level(verbose) == level


def test_a_console_that_is_no_terminal_has_no_escape_codes(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "console", run="r1")
    structlog.get_logger("gradual").warning("hello")
    text = capsys.readouterr().err
    assert "\x1b" not in text
    assert "run=r1" in text


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_shows_no_local_variables(form: logs.LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", form)

    def fail() -> None:
        password = "".join(["hun", "ter2"])
        raise RuntimeError(f"{len(password)} letters")

    try:
        fail()
    except RuntimeError:
        structlog.get_logger("gradual").exception("failed")
    text = capsys.readouterr().err
    assert "RuntimeError: 7 letters" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("form", ["console", "json"])
def test_secrets_are_masked_wherever_they_stand(form: logs.LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    """Escaped too, and the longer one first where one lies within another."""
    configure_logging("info", form)
    mask_in_logs(["hunter2", "hunter2-and-more", 'quo"te', "grün", ""])
    structlog.get_logger("gradual").info("x hunter2", a='quo"te', b=["hunter2-and-more"], c="grün")
    text = capsys.readouterr().err
    assert text.count("***") == 4
    for secret in ("hunter2", "and-more", "quo", "grün"):
        assert secret not in text


def test_binding_holds_for_every_thread_and_task_and_none_takes_it_off(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json", run="r1")
    bind_process(agent="a1")
    log = structlog.get_logger("gradual")

    async def say() -> None:
        log.info("task")

    thread = threading.Thread(target=log.info, args=("thread",))
    thread.start()
    thread.join()
    asyncio.run(say())
    bind_process(agent=None)
    log.info("main")
    assert [(line["event"], line["run"], line.get("agent")) for line in lines(capsys)] == [
        ("thread", "r1", "a1"), ("task", "r1", "a1"), ("main", "r1", None),
    ]  # fmt: skip


def test_what_a_line_says_itself_comes_before_what_the_process_is_bound_to(capsys: pytest.CaptureFixture[str]) -> None:
    """The master names an agent on a line of its own."""
    configure_logging("info", "json", agent="master")
    structlog.get_logger("gradual").info("dropped", agent="a7")
    assert lines(capsys)[0]["agent"] == "a7"


def test_configuring_again_replaces_what_was(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json", run="r1")
    configure_logging("info", "json", agent="a1")
    structlog.get_logger("gradual").info("once")
    (line,) = lines(capsys)
    assert "run" not in line


def test_a_line_goes_to_the_standard_error_of_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live display replaces it while it draws."""
    configure_logging("info", "json")
    written: list[str] = []

    class Display:
        def write(self, text: str) -> None:
            written.append(text)

        def flush(self) -> None:
            pass

    monkeypatch.setattr(sys, "stderr", Display())
    structlog.get_logger("gradual").info("shown")
    assert json.loads("".join(written))["event"] == "shown"


def test_a_standard_error_that_is_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logging("info", "json")
    monkeypatch.setattr(logging, "raiseExceptions", False)
    monkeypatch.setattr(sys, "stderr", None)
    structlog.get_logger("gradual").info("lost")


def test_grpc_does_not_write_past_the_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless its user asked for it."""
    configure_logging("info", "json")
    assert os.environ["GRPC_VERBOSITY"] == "ERROR"
    monkeypatch.delenv("GRPC_VERBOSITY")
    configure_logging("info", "json")
    assert os.environ["GRPC_VERBOSITY"] == "NONE"


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_shows_no_secret_of_what_was_raised(
    form: logs.LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", form)
    mask_in_logs(['hunter"2'], ["abcd"])
    try:
        raise RuntimeError('no {"password": "wrong"} for hunter"2 at https://me:pw@host, abcd')
    except RuntimeError:
        structlog.get_logger("gradual").exception("failed")
        logging.getLogger("asyncio").exception("failed too")
    text = capsys.readouterr().err
    assert text.count("RuntimeError") >= 2
    assert text.count("at https://***@host, ***") == 4  # in the line that raised, and in what it says
    assert not any(hidden in text for hidden in ("hunter", "wrong", "me:pw", "abcd"))


def test_secrets_are_masked_in_base64_and_in_urls_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    mask_in_logs(["a/b c"])
    structlog.get_logger("gradual").info("x a%2Fb%20c y YS9iIGM= z")
    assert lines(capsys)[0]["event"] == "x *** y *** z"
