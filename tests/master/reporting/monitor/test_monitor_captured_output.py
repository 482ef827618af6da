"""While the screen is up nothing else is written; afterwards all of it is, in order."""

import io
import logging
import sys

import pytest
import structlog

from gradual_common.process import logs
from gradual_common.secrecy.masking import Mask
from gradual_master.reporting.monitor import captured_output as module
from gradual_master.reporting.monitor.captured_output import CapturedOutput, LogListener


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def one_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard output and error are one terminal. No fixture: what captures output would take its place again."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_what_is_written_meanwhile_comes_out_in_order_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = one_terminal(monkeypatch)
    output = CapturedOutput()
    output.start()
    stand_in = sys.stderr
    print("one")
    print("two", file=sys.stderr)
    sys.stderr.writelines(["three", "\n"])
    assert sys.stderr.isatty()
    assert terminal.getvalue() == ""
    output.release()
    assert terminal.getvalue() == "one\ntwo\nthree\n"
    assert sys.stdout is sys.stderr is terminal
    stand_in.write("late")
    assert terminal.getvalue().endswith("late"), "who kept the stand-in is not swallowed"


def test_standard_output_that_is_not_a_terminal_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    one_terminal(monkeypatch)
    monkeypatch.setattr(sys, "stdout", file := io.StringIO())
    output = CapturedOutput()
    output.start()
    print("result")
    assert file.getvalue() == "result\n"
    output.release()


def test_of_very_many_lines_the_last_are_kept_and_results_are_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = one_terminal(monkeypatch)
    monkeypatch.setattr(module, "MAX_LOG_PIECES", 4)
    monkeypatch.setattr(sys, "stdout", out := Terminal())
    output = CapturedOutput()
    output.start()
    for number in range(6):
        sys.stdout.write(f"result {number}\n")
    for number in range(6):
        sys.stderr.write(f"line {number}\n")
    output.release()
    assert out.getvalue() == "".join(f"result {number}\n" for number in range(6))
    assert terminal.getvalue() == (
        "2 earlier lines were dropped while the monitor was shown\nline 2\nline 3\nline 4\nline 5\n"
    )


def test_a_stream_that_somebody_else_has_replaced_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    one_terminal(monkeypatch)
    output = CapturedOutput()
    output.start()
    other = io.StringIO()
    monkeypatch.setattr(sys, "stderr", other)
    output.release()
    assert sys.stderr is other


def test_warnings_of_every_logger_are_reported_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = one_terminal(monkeypatch)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    monkeypatch.setattr(logs, "_HIDDEN", [Mask(["hunter2"])])
    reported: list[tuple[str, str]] = []
    try:
        logs.configure_logging("info", "json")
        listener = LogListener(lambda level, text: reported.append((level, text)))
        root.addHandler(listener)
        structlog.get_logger("gradual.master").info("not worth it")
        structlog.get_logger("gradual.master").warning("agent hunter2 is lost", slots=3)
        logging.getLogger("grpc").error("no %s", "route")
        root.removeHandler(listener)
        structlog.get_logger("gradual.master").warning("later")
    finally:
        root.handlers[:], level = before
        root.setLevel(level)
        structlog.reset_defaults()
        logging.captureWarnings(False)
    assert reported == [("warning", "agent *** is lost"), ("error", "no route")]
    assert "hunter2" not in terminal.getvalue()


def test_a_listener_that_fails_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(level: str, text: str) -> None:
        raise ValueError

    failed = []
    listener = LogListener(fail)
    monkeypatch.setattr(listener, "handleError", failed.append)
    listener.emit(logging.LogRecord("x", logging.WARNING, "f", 1, "text", (), None))
    assert len(failed) == 1
