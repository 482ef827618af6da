"""Processes of the system tests: a target, a master, agents. Each is stopped at the end of the test that started it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
DEADLINE_S = 90
LOG_OPTIONS = ("-v", "--log-format", "json")
"""Options of every process: all log lines, one JSON object per line, so that tests can read them."""


def wait_until(condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S, pause_s: float = 0.02) -> Any:
    """Return the condition's first true value; AssertionError with `what` after the deadline."""
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(pause_s)
    raise AssertionError(f"{what}: not within {deadline_s} s")


def stop(process: subprocess.Popen[str]) -> None:
    """End a process with SIGTERM, or with SIGKILL if it takes longer than 10 s, and close its streams."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)  # A process that a test has paused would not handle SIGTERM.
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
class TargetRecords:
    """What the target counted; the rows of `requests` are described in `target.py`."""

    requests: list[list[Any]]
    paths: dict[str, int]
    overlaps: dict[str, int]
    shared_rows: dict[str, int]
    connections: int


FETCH_SCRIPT = (
    "import sys, urllib.request as web; sys.stdout.write(web.urlopen(sys.argv[1], timeout=20).read().decode())"
)


@dataclass(frozen=True)
class Target:
    """The running target."""

    url: str
    prefix: tuple[str, ...] = ()
    """The words before a command that is to run on the target's host."""

    def records(self) -> TargetRecords:
        return TargetRecords(**json.loads(self._fetch("/records")))

    def count(self) -> int:
        """The number of requests so far."""
        return int(self._fetch("/count"))

    def _fetch(self, path: str) -> str:
        if self.prefix:
            command = [*self.prefix, sys.executable, "-c", FETCH_SCRIPT, self.url + path]
            return subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=30, check=True).stdout
        with urllib.request.urlopen(self.url + path, timeout=20) as response:
            return str(response.read().decode())


@contextmanager
def running_target(folder: Path, address: str = "127.0.0.1", prefix: tuple[str, ...] = ()) -> Iterator[Target]:
    """A target that listens on `address` until the end of the block."""
    port_file = folder / "port"
    command = [*prefix, sys.executable, str(HERE / "target.py"), str(port_file), address]
    process = subprocess.Popen(command, text=True)
    try:
        wait_until(port_file.exists, "the target listens")
        yield Target(f"http://{address}:{port_file.read_text()}", prefix)
    finally:
        stop(process)


@dataclass
class Outcome:
    """How a run ended."""

    code: int
    """The exit code of the master."""

    summary: dict[str, Any] | None
    """None if the run wrote no summary."""

    output: str
    """The log lines of all processes."""

    agent_codes: list[int] = field(default_factory=list)

    @property
    def actions(self) -> dict[tuple[str, str], dict[str, Any]]:
        assert self.summary is not None, self.output
        return {(action["group"], action["step"]): action for action in self.summary["actions"]}

    def arrived(self, step: str) -> int:
        """The number of requests of a step, over all groups, that the system must have counted."""
        return sum(
            action["requests"] - action.get("unsent", 0) + action["interrupted"]
            for (_, name), action in self.actions.items()
            if name == step
        )


def free_port() -> int:
    """A port of loopback on which no process listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wrong_clock(offset_s: int) -> dict[str, str]:
    """The environment of a process whose time of day is wrong; its monotonic clocks are right."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        pytest.skip("faketime is not installed (Debian: faketime)")
    # Versions before 0.9.10 read the second name.
    keep = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    return {"LD_PRELOAD": str(library), "FAKETIME": f"{offset_s:+}s", **keep}


def limit_files(number: int) -> list[str]:
    """The words before a command that limit its file descriptors.

    A `preexec_fn` would do it between fork and exec, which can deadlock when gRPC has started threads.
    """
    return ["sh", "-c", f'ulimit -n {number}; exec "$@"', "sh"]


class Fleet:
    """One master and its agents, connected by TCP on loopback or at `address`; collects how the run ended."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []
        self.address = address
        self.port = free_port()
        self.summary_path = folder / "summary.json"

    def start_master(
        self, plan: dict[str, Any] | Path, agents: int, *options: str, prefix: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        path = plan if isinstance(plan, Path) else self.folder / "plan.yaml"
        if not isinstance(plan, Path):
            path.write_text(json.dumps(plan))
        command = [
            str(BIN / "gradual-master"),
            "run",
            str(path),
            "--listen",
            f"{self.address}:{self.port}",
            *LOG_OPTIONS,
        ]
        command += ["--expect-agents", str(agents), "-o", f"json={self.summary_path}"]
        # A noisy machine may start users late or be saturated. The tests check counts, so neither fails a run.
        return self.start("master", [*prefix, *command, "--allow-saturated", "--allow-missing", "100%", *options])

    def start_agent(
        self,
        name: str,
        *options: str,
        files: int | None = None,
        port: int | None = None,
        prefix: Sequence[str] = (),
        env: dict[str, str] | None = None,
        is_named: bool = True,
    ) -> subprocess.Popen[str]:
        """Start an agent.

        `port`: of its master, if it is not the fleet's. `prefix`: the words before a command on its host.
        `is_named` False: without `--name`; `name` is then only the name of its log file.
        """
        master = f"{self.address}:{port or self.port}"
        limit = limit_files(files) if files else []
        command = [*prefix, *limit, str(BIN / "gradual-agent"), "--master", master, *LOG_OPTIONS, *options]
        command += ["--name", name] if is_named else []
        return self.start(name, command, env)

    def start(self, name: str, command: list[str], env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a process that is stopped with the fleet; its output goes to `NAME.log`."""
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

    def output(self, name: str = "*") -> str:
        """The output of a process so far; without a name, of all processes, one after the other."""
        return "".join(log.read_text() for log in sorted(self.folder.glob(f"{name}.log")))

    def run(self, plan: dict[str, Any] | Path, agents: int, *options: str) -> Outcome:
        """Start the master and `agents` agents, and wait for the end of the run."""
        master = self.start_master(plan, agents, *options)
        others = [self.start_agent(f"agent-{number}") for number in range(1, agents + 1)]
        return self.wait(master, others)

    def wait(self, master: subprocess.Popen[str], agents: Sequence[subprocess.Popen[str]]) -> Outcome:
        try:
            code = master.wait(DEADLINE_S)
            agent_codes = [agent.wait(30) for agent in agents]
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the run did not end:\n{self.output()[-4000:]}") from None
        summary = json.loads(self.summary_path.read_text()) if self.summary_path.exists() else None
        return Outcome(code, summary, self.output(), agent_codes)

    def signal(self, process: subprocess.Popen[str], number: signal.Signals) -> None:
        process.send_signal(number)

    def close(self) -> None:
        for process in reversed(self.processes):
            stop(process)
