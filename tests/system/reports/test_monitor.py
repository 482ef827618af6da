"""`--monitor` on a real terminal: tmux emulates it and returns the text on the screen."""

import json
import re
import shlex
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import BIN, Target, free_port, stop, wait_until

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed: there is no terminal")

PROMPT = "ready>"


class Terminal:
    """A shell in its own tmux server, in a window of a given size.

    COLUMNS and LINES have other values on purpose: Gradual must ask the terminal for its size.
    """

    def __init__(self, folder: Path, width: int, height: int) -> None:
        self._socket = f"gradual-{uuid.uuid4().hex[:8]}"
        shell = f"env PS1={shlex.quote(PROMPT)} COLUMNS=80 LINES=24 TERM=screen-256color bash --norc --noprofile"
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", f"{width}", "-y", f"{height}", "-c", str(folder), shell
        )
        self.await_text(PROMPT)

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-u", "-L", self._socket, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout

    def run(self, command: str) -> None:
        """Type a command; after its end the screen shows its exit code."""
        self._tmux("send-keys", "-l", f"clear; {command}; echo code=$?")
        self._tmux("send-keys", "Enter")

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", f"{width}", "-y", f"{height}")

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def write_directly(self, text: str) -> None:
        """Write to the terminal as another process that has it open."""
        Path(self._tmux("display-message", "-p", "#{pane_tty}").strip()).write_text(text)

    def has_alternate_screen(self) -> bool:
        return self._tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def shows_cursor(self) -> bool:
        return self._tmux("display-message", "-p", "#{cursor_flag}").strip() == "1"

    def await_screen(self, condition: Callable[[str], Any], what: str) -> str:
        """The first screen that satisfies `condition`."""
        last = ""

        def matching_screen() -> str:
            nonlocal last
            last = self.screen()
            return last if condition(last) else ""

        try:
            return str(wait_until(matching_screen, what, pause_s=0.1))
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen:\n{last}") from None

    def await_text(self, *texts: str) -> str:
        return self.await_screen(lambda screen: all(text in screen for text in texts), f"{texts} on the screen")

    def close(self) -> None:
        self._tmux("kill-server")


@contextmanager
def terminal(folder: Path, width: int, height: int) -> Iterator[Terminal]:
    with closing(Terminal(folder, width, height)) as opened:
        yield opened


@pytest.fixture
def bank() -> Iterator[str]:
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [str(BIN / "gradual"), "demo-server", "--port", str(port)], text=True, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield url
    finally:
        stop(process)


def write_plan(folder: Path, url: str, **config: Any) -> str:
    """Write a plan with two groups, three levels and an objective that cannot be met; return a command to run it."""
    document = {
        "config": {
            "name": "Bank on a screen",
            "base_url": url,
            "duration": "12s",
            "ramp_up": {
                "strategy": "additive",
                "initial": 6,
                "increment": 6,
                "interval": "4s",
                "max_concurrency": 18,
            },
            "think_time": "100-200ms",
            "graceful_stop": "5s",
            **config,
        },
        "users": [
            {"name": "customer", "concurrency": 12, "behavior": [{"action": "rates"}]},
            {"name": "guest", "concurrency": 6, "behavior": [{"action": "rates"}]},
        ],
        "actions": {"rates": {"url": "/api/rates"}},
        "thresholds": ["p95 < 1us", "error_rate < 50%"],
    }
    (folder / "plan.yaml").write_text(json.dumps(document))
    # A noisy machine may start users late or be saturated. The tests check the screen, so neither fails a run.
    return f"{BIN / 'gradual'} run plan.yaml --agents 2 --monitor --allow-saturated --allow-missing 100%"


ON_EVERY_SCREEN = (
    "Bank on a screen",
    "RUNNING  level",
    "▲",
    "Users",
    "actual / target",
    "customer",
    "guest",
    "ok/s",
    "p50 ms",
    "p90 ms",
    "p95 ms",
    "p99 ms",
    "max ms",
    "FAILING p95 < 1us",
    "passing error_rate < 50%",
    "Failures",
    "Agents 2",
    "agent-1",
    "agent-2",
    "Ctrl-C drains and reports",
)


ACTUAL_AND_TARGET = re.compile(r"^customer +\S* +[\d.]+ / [\d.]+ ", re.MULTILINE)


def last_line(screen: str) -> str:
    return screen.rstrip("\n").split("\n")[-1]


def test_the_screen_follows_the_terminals_size_and_ends_with_the_summary(bank: str, tmp_path: Path) -> None:
    command = write_plan(tmp_path, bank)
    with terminal(tmp_path, 80, 24) as window:
        window.run(command)
        small = window.await_text(*ON_EVERY_SCREEN)
        assert window.has_alternate_screen()
        assert ACTUAL_AND_TARGET.search(small), small
        assert small.split("\n")[23].startswith("Ctrl-C")
        assert len(small.split("\n")[0]) == 80, "the clock is at the right end"
        window.resize(200, 60)
        large = window.await_screen(
            lambda screen: last_line(screen).startswith("Ctrl-C") and "customer / rates" in screen,
            "the layout of a large terminal",
        )
        assert [text for text in ON_EVERY_SCREEN if text not in large] == []
        assert len(large.split("\n")[0]) == 200
        assert large.rstrip("\n").count("\n") == 59
        window.resize(60, 20)
        window.await_screen(
            lambda screen: len(screen.split("\n")[0]) <= 60 and "Bank" in screen and "ok/s" in screen,
            "the layout of a small terminal",
        )
        window.resize(100, 40)
        over = window.await_text("code=1", PROMPT)
        assert not window.has_alternate_screen()
        assert window.shows_cursor()
        assert "FAILED  Bank on a screen" in over
        assert "Ctrl-C" not in over
        assert over.index("FAILED  Bank on a screen") < over.index("Objectives") < over.index("code=1")


def test_the_next_drawing_removes_the_text_of_another_process(bank: str, tmp_path: Path) -> None:
    """The agents of `gradual run` have the same standard error: their lines scroll the screen."""
    command = write_plan(tmp_path, bank)
    with terminal(tmp_path, 80, 24) as window:
        window.run(command)
        window.await_text(*ON_EVERY_SCREEN)
        window.write_directly("\x1b[12;1Ha line of another process\n" * 3)
        window.await_screen(
            lambda screen: "another process" not in screen and all(text in screen for text in ON_EVERY_SCREEN),
            "the screen as it was",
        )
        window.await_text("code=1", PROMPT)


def test_the_screen_fills_a_large_terminal(bank: str, tmp_path: Path) -> None:
    command = write_plan(tmp_path, bank)
    with terminal(tmp_path, 200, 60) as window:
        window.run(command)
        screen = window.await_text(*ON_EVERY_SCREEN, "customer / rates", "── p95 ms ─")
        assert last_line(screen).startswith("Ctrl-C")
        window.await_text("code=1", PROMPT)


def slow_plan(folder: Path, target: Target) -> str:
    command = write_plan(folder, target.url, duration="60s", graceful_stop="40s")
    plan = (folder / "plan.yaml").read_text().replace("/api/rates", "/sleep/30")
    (folder / "plan.yaml").write_text(plan)
    return command


def start_run(window: Terminal, folder: Path, command: str) -> str:
    """Type the command, below another line of text; return its process id when the screen shows the run."""
    window.run(f"echo before; (echo $BASHPID > {folder / 'pid'}; exec {command})")
    window.await_text("RUNNING", "ok/s")
    return (folder / "pid").read_text().strip()


def send(signal: str, pid: str) -> None:
    subprocess.run(["kill", f"-{signal}", pid], check=True)


@pytest.mark.parametrize("by", ["key", "signal"])
def test_an_interrupt_shows_the_drain_and_a_second_one_closes_the_screen(
    target: Target, tmp_path: Path, by: str
) -> None:
    """The log lines of that time are on the shell's screen afterwards."""
    command = slow_plan(tmp_path, target)
    with terminal(tmp_path, 100, 60) as window:
        pid = start_run(window, tmp_path, command)

        def interrupt() -> None:
            window.press("C-c") if by == "key" else send("INT", pid)

        interrupt()
        screen = window.await_text("STOPPING", "stopping: users finish", "Ctrl-C again stops at once")
        assert window.has_alternate_screen()
        assert "missing" not in screen, "users that finish are not missing"
        assert "[warning" not in screen, "log lines are not written over the screen"
        interrupt()
        over = window.await_text("code=130", PROMPT)
        assert not window.has_alternate_screen()
        assert window.shows_cursor()
        assert over.count("stopping: users finish") == over.count("stopping at once") == 1
        assert over.index("stopping: users finish") < over.index("INTERRUPTED") < over.index("code=130")
        assert "before" in over.split("\n")[0]


@pytest.mark.parametrize(("signal", "code"), [("INT", 130), ("TERM", 143)])
def test_a_signal_restores_the_terminal(bank: str, tmp_path: Path, signal: str, code: int) -> None:
    command = write_plan(tmp_path, bank, duration="60s")
    with terminal(tmp_path, 80, 60) as window:
        send(signal, start_run(window, tmp_path, command))
        over = window.await_text(f"code={code}", PROMPT, "INTERRUPTED")
        assert not window.has_alternate_screen()
        assert window.shows_cursor()
        assert "before" in over.split("\n")[0]


def test_without_a_terminal_the_progress_is_plain_lines(bank: str, tmp_path: Path) -> None:
    command = write_plan(tmp_path, bank, duration="7s")
    with (tmp_path / "errors").open("w") as errors:
        done = subprocess.run(
            shlex.split(command),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=tmp_path,
            timeout=60,
            check=False,
        )
    output = (tmp_path / "errors").read_text()
    assert done.returncode == 1, output
    assert "\x1b" not in output + done.stdout
    progress = [line.split(" | ")[0] for line in output.splitlines() if " | " in line]  # A busy machine adds warnings.
    assert progress[:2] == ["0:01 of 0:07", "0:06 of 0:07"]
    assert "FAILED  Bank on a screen" in done.stdout
