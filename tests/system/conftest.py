"""Real processes for the system tests: a target, a master, agents. All of them end with the test that started them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
DEADLINE_S = 90
LOGGED = ("-v", "--log-format", "json")
"""What the tests read of a process: everything, one object a line."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.system)


def wait_until(condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S, pause_s: float = 0.02) -> Any:
    """The condition's first true value; an AssertionError naming `what` after the deadline."""
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(pause_s)
    raise AssertionError(f"{what}: not within {deadline_s} s")


def stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)  # What a test has frozen would not hear the next one.
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


@dataclass(frozen=True)
class Books:
    """What the target counted."""

    requests: list[list[Any]]
    paths: dict[str, int]
    overlaps: dict[str, int]
    shared_rows: dict[str, int]
    connections: int


FETCH = "import sys, urllib.request as web; sys.stdout.write(web.urlopen(sys.argv[1], timeout=20).read().decode())"


@dataclass(frozen=True)
class Target:
    """The running target; `inside`: the command that leads to the host it runs on."""

    url: str
    inside: tuple[str, ...] = ()

    def books(self) -> Books:
        return Books(**json.loads(self._fetch("/books")))

    def count(self) -> int:
        """How many requests have come so far."""
        return int(self._fetch("/count"))

    def _fetch(self, path: str) -> str:
        if self.inside:
            command = [*self.inside, sys.executable, "-c", FETCH, self.url + path]
            return subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=30, check=True).stdout
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return str(answer.read().decode())


@contextmanager
def running_target(folder: Path, address: str = "127.0.0.1", inside: tuple[str, ...] = ()) -> Iterator[Target]:
    """A target that listens on `address` until the end of the block."""
    port_file = folder / "port"
    command = [*inside, sys.executable, str(HERE / "target.py"), str(port_file), address]
    process = subprocess.Popen(command, text=True)
    try:
        wait_until(port_file.exists, "the target listens")
        yield Target(f"http://{address}:{port_file.read_text()}", inside)
    finally:
        stop(process)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with running_target(tmp_path) as running:
        yield running


@dataclass
class Outcome:
    """How a run ended: exit codes, the summary (None without one), and what was said."""

    code: int
    summary: dict[str, Any] | None
    said: str
    agent_codes: list[int] = field(default_factory=list)

    @property
    def actions(self) -> dict[tuple[str, str], dict[str, Any]]:
        assert self.summary is not None, self.said
        return {(action["group"], action["step"]): action for action in self.summary["actions"]}

    def arrived(self, step: str) -> int:
        """What the system must have counted for a step, over all groups."""
        return sum(
            action["requests"] - action.get("unsent", 0) + action["interrupted"]
            for (_, name), action in self.actions.items()
            if name == step
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_files(number: int) -> list[str]:
    """Runs a command with so many file descriptors. Not between fork and exec: that breaks where gRPC has threads."""
    return ["sh", "-c", f'ulimit -n {number}; exec "$@"', "sh"]


class Fleet:
    """Starts one master and its agents over TCP, on loopback or on `address`, and collects how the run ended."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []
        self.address = address
        self.port = free_port()
        self.summary_path = folder / "summary.json"

    def start_master(
        self, plan: dict[str, Any] | Path, agents: int, *options: str, inside: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        path = plan if isinstance(plan, Path) else self.folder / "plan.yaml"
        if not isinstance(plan, Path):
            path.write_text(json.dumps(plan))
        command = [str(BIN / "gradual-master"), "run", str(path), "--listen", f"{self.address}:{self.port}", *LOGGED]
        command += ["--expect-agents", str(agents), "-o", f"json={self.summary_path}"]
        # A noisy machine may start users late or look saturated; what is judged here are counts.
        return self.start("master", [*inside, *command, "--allow-saturated", "--allow-missing", "100%", *options])

    def start_agent(
        self,
        name: str,
        *options: str,
        files: int | None = None,
        port: int | None = None,
        inside: Sequence[str] = (),
        env: dict[str, str] | None = None,
        is_named: bool = True,
    ) -> subprocess.Popen[str]:
        """Start an agent. `port`: where it finds its master; `inside`: the command that leads to its host.

        `is_named` False: without `--name`; `name` is what we call it.
        """
        master = f"{self.address}:{port or self.port}"
        limit = with_files(files) if files else []
        command = [*inside, *limit, str(BIN / "gradual-agent"), "--master", master, *LOGGED, *options]
        command += ["--name", name] if is_named else []
        return self.start(name, command, env)

    def start(self, name: str, command: list[str], env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start any process that is to end with the fleet."""
        with (self.folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                text=True,
                cwd=self.folder,
                env={**os.environ, "NO_COLOR": "1", **(env or {})},
            )
        self.processes.append(process)
        return process

    def said(self, name: str = "*") -> str:
        """What a process has said so far; without a name, all of them one after the other."""
        return "".join(log.read_text() for log in sorted(self.folder.glob(f"{name}.log")))

    def run(self, plan: dict[str, Any] | Path, agents: int, *options: str) -> Outcome:
        master = self.start_master(plan, agents, *options)
        others = [self.start_agent(f"agent-{number}") for number in range(1, agents + 1)]
        return self.wait(master, others)

    def wait(self, master: subprocess.Popen[str], agents: Sequence[subprocess.Popen[str]]) -> Outcome:
        try:
            code = master.wait(DEADLINE_S)
            agent_codes = [agent.wait(30) for agent in agents]
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the run did not end:\n{self.said()[-4000:]}") from None
        summary = json.loads(self.summary_path.read_text()) if self.summary_path.exists() else None
        return Outcome(code, summary, self.said(), agent_codes)

    def signal(self, process: subprocess.Popen[str], number: signal.Signals) -> None:
        process.send_signal(number)

    def close(self) -> None:
        for process in reversed(self.processes):
            stop(process)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with closing(Fleet(tmp_path)) as running:
        yield running
