"""`--monitor` as a reporter: a screen on a terminal, plain lines else, and the terminal as it was at the end."""

import io
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from monitor_states import records, staircase
from raw_run import run_of
from rich.console import Console

from gradual_master.reporting.monitor import screen as screen_module
from gradual_master.reporting.monitor.reporter import MonitorReporter
from gradual_master.results.summary.history import News

GROUPS = ("customer", "guest")
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen_module, "POLL_S", 0.005)


class Followed:
    """A reporter on a terminal of 80×24, after its start."""

    def __init__(self, **console: Any) -> None:
        self.out = io.StringIO()
        options = {"width": 80, "height": 24, "force_terminal": True, "color_system": "standard"} | console
        self.reporter = MonitorReporter(staircase(GROUPS), Console(file=self.out, highlight=False, **options))
        self.reporter.on_test_start(run_of(name="Bank"))

    def feed(self, seconds: int) -> None:
        for record in records(seconds, GROUPS, 2):
            self.reporter.on_interval(record)

    def shows(self, text: str) -> bool:
        return text in self.out.getvalue()


@pytest.fixture
def screens() -> Any:
    opened: list[Followed] = []

    def open_screen(**console: Any) -> Followed:
        opened.append(Followed(**console))
        return opened[-1]

    yield open_screen
    for followed in opened:
        followed.reporter.close()


def test_the_run_is_shown_and_the_screen_makes_way_for_the_summary(screens: Any) -> None:
    followed = screens()
    followed.feed(6)
    followed.reporter.on_news(News(6.2, "warning", "agent agent-1 is lost: its stream broke"))
    for text in ("Bank", "customer", "p95 ms", "FAILING", "agent-1", "is lost: its stream broke"):
        wait_until(lambda text=text: followed.shows(text))
    assert not followed.shows(LEAVE)
    followed.reporter.on_test_complete(None)
    assert followed.out.getvalue().count(ENTER) == followed.out.getvalue().count(LEAVE) == 1
    end = len(followed.out.getvalue())
    followed.reporter.close()
    assert len(followed.out.getvalue()) == end, "there is nothing left to close"


def test_warnings_of_the_log_stand_among_the_news_and_are_written_afterwards(
    screens: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stderr := io.StringIO())
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # Another test may have set logging up.
    followed = screens()
    logging.getLogger("somewhere").warning("the disk is full")
    print("a line", file=sys.stderr)
    wait_until(lambda: followed.shows("the disk is full"))
    assert stderr.getvalue() == ""
    followed.reporter.close()
    assert stderr.getvalue() == "a line\n"
    assert sys.stderr is stderr
    handlers = len(logging.getLogger().handlers)
    followed.reporter.close()
    assert len(logging.getLogger().handlers) == handlers


def test_only_colours_that_can_be_read_on_any_background_are_used(screens: Any) -> None:
    followed = screens()
    followed.feed(14)
    followed.reporter.on_news(News(14.2, "error", "agent agent-1 is lost"))
    wait_until(lambda: followed.shows("is lost"))
    followed.reporter.close()
    codes = {
        code
        for part in followed.out.getvalue().split("\x1b[")[1:]
        if "m" in part and part.split("m")[0].replace(";", "").isdigit()
        for code in part.split("m")[0].split(";")
    }
    assert codes <= {"0", "1", "2", "31", "32", "35"}
    assert {"1", "2", "31", "32"} <= codes


def test_without_colours_there_are_none(screens: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    followed = screens()
    followed.feed(6)
    wait_until(lambda: followed.shows("FAILING"))
    followed.reporter.close()
    assert not followed.shows("\x1b[31m")
    assert not followed.shows("\x1b[1;31m")
    assert not followed.shows("\x1b[32m")


@pytest.mark.parametrize("how", ["file", "dumb"])
def test_without_a_screen_there_are_plain_lines(screens: Any, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    followed = screens(force_terminal=how == "dumb")
    followed.feed(12)
    followed.reporter.on_news(News(3.0, "info", "x"))
    followed.reporter.close()
    text = followed.out.getvalue()
    assert [line.split(" | ")[0] for line in text.splitlines()] == ["0:01 of 1:20", "0:06 of 1:20", "0:11 of 1:20"]
    assert "\x1b" not in text


def test_force_color_does_not_make_a_file_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "stderr", stderr := io.StringIO())
    reporter = MonitorReporter(staircase(GROUPS))
    reporter.on_test_start(run_of())
    reporter.on_interval(next(records(1, GROUPS, 1)))
    reporter.close()
    assert stderr.getvalue().startswith("0:01 of 1:20 | ")
    assert "\x1b" not in stderr.getvalue()


def test_a_screen_that_fails_is_left_and_its_error_is_raised(screens: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> Any:
        raise ValueError("no drawing")

    monkeypatch.setattr("gradual_master.reporting.monitor.reporter.compose", fail)
    followed = screens()
    wait_until(lambda: followed.shows(LEAVE))
    with pytest.raises(ValueError, match="no drawing"):
        followed.feed(1)
    followed.reporter.on_interval(next(records(1, GROUPS, 1)))
    followed.reporter.on_news(News(1.0, "info", "x"))


def test_a_run_that_never_began_leaves_nothing_to_close() -> None:
    out = io.StringIO()
    MonitorReporter(staircase(GROUPS), Console(file=out, force_terminal=True)).close()
    assert out.getvalue() == ""
