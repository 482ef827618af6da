"""One thread writes to the terminal; it is restored, also after an error."""

import io
import os
import termios
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from gradual_master.reporting.monitor import screen as module
from gradual_master.reporting.monitor.screen import Screen, terminal_size

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Window:
    """A console whose size changes, and what was drawn for it."""

    def __init__(self) -> None:
        self.out = io.StringIO()
        self.console = Console(file=self.out, width=40, height=10, force_terminal=True)
        self.sizes: list[tuple[int, int]] = []

    def compose(self, width: int, height: int) -> Sequence[Text]:
        self.sizes.append((width, height))
        return [Text(f"drawing {len(self.sizes)}")]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.005)
    monkeypatch.setattr(module, "DRAW_EVERY_S", 3600.0)


def test_the_screen_is_entered_and_left() -> None:
    window = Window()
    screen = Screen(window.console, window.compose)
    screen.start()
    wait_until(lambda: window.sizes)
    screen.stop()
    text = window.out.getvalue()
    assert text.index(ENTER) < text.index("drawing 1") < text.index(LEAVE)
    assert text.rindex(HIDE) < text.rindex(SHOW)
    assert not any(thread.name == "monitor" for thread in threading.enumerate())


def test_it_is_drawn_when_something_has_changed_or_the_size_has() -> None:
    window = Window()
    screen = Screen(window.console, window.compose)
    screen.start()
    wait_until(lambda: len(window.sizes) == 1)
    screen.notify()
    wait_until(lambda: len(window.sizes) == 2)
    window.console.width = 60
    wait_until(lambda: len(window.sizes) == 3)
    screen.stop()
    assert window.sizes == [(40, 10), (40, 10), (60, 10)]


def test_it_is_drawn_once_in_a_while_when_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRAW_EVERY_S", 0.01)
    window = Window()
    screen = Screen(window.console, window.compose)
    screen.start()
    wait_until(lambda: len(window.sizes) >= 3)
    screen.stop()


def test_the_terminal_knows_its_size_better_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    ours, theirs = os.openpty()
    with open(theirs, "w") as file, open(ours):
        termios.tcsetwinsize(theirs, (50, 150))
        console = Console(file=file, force_terminal=True)
        assert terminal_size(console) == (150, 50)
        termios.tcsetwinsize(theirs, (0, 0))
        assert terminal_size(console) == console.size == (80, 24), "a line without a size, such as a serial one"


def test_a_drawing_that_fails_leaves_the_screen_and_is_remembered() -> None:
    window = Window()

    def fail(width: int, height: int) -> Sequence[Text]:
        raise ValueError("no drawing")

    screen = Screen(window.console, fail)
    screen.start()
    wait_until(lambda: screen.failure is not None)
    assert window.out.getvalue().count(LEAVE) == 1
    screen.stop()
    assert str(screen.failure) == "no drawing"


def test_a_terminal_that_blocks_delays_the_end_only_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "END_TIMEOUT_S", 0.01)
    window, resume = Window(), threading.Event()

    def stall(width: int, height: int) -> Sequence[Text]:
        window.sizes.append((width, height))
        resume.wait(30)
        return []

    screen = Screen(window.console, stall)
    screen.start()
    wait_until(lambda: window.sizes)
    screen.notify()
    screen.stop()
    assert LEAVE not in window.out.getvalue()
    resume.set()
    wait_until(lambda: LEAVE in window.out.getvalue())
