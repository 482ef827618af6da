"""Processes, servers and plans that the measurements share. Every process that is started here is also stopped here."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

SYSTEM_CORE, LOAD_CORE, BOTH_CORES = "0", "1", "0,1"


def pinned(core: str, command: list[str]) -> list[str]:
    """`command`, bound to one core."""
    return ["taskset", "-c", core, *command]


def free_port() -> int:
    """A port on which no process listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_file(path: Path, seconds: float = 10.0) -> None:
    """Return when a file exists and has content; TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.exists() and path.stat().st_size:
            return
        time.sleep(0.02)
    raise TimeoutError(f"{path} is absent after {seconds:g} s")


@contextmanager
def running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a process; at the end stop it, with SIGTERM first."""
    process = subprocess.Popen(command, text=True, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


OWN_TOOLS = Path(sys.executable).parent


def tool(name: str, tools: Path = OWN_TOOLS) -> str:
    """The path of a console script of this environment, or of another one."""
    return str(tools / name)


def plan_of_rates(url: str, seconds: int, users: int, **group: Any) -> dict[str, Any]:
    """`users` request the file of nginx without a pause; each response is checked for its status and its time."""
    return {
        "config": {"name": "rates", "base_url": url, "duration": f"{seconds}s", "graceful_stop": "2s"},
        "users": [{"name": "reader", "concurrency": users, "behavior": [{"action": "rates"}], **group}],
        "actions": {"rates": {"url": "/rates", "assertions": [{"status_code": 200}, {"response_time": "< 5s"}]}},
    }


@contextmanager
def answering(clock: Callable[[], float]) -> Iterator[tuple[str, list[float]]]:
    """A server that answers every request at once: its URL, and the times of the requests by `clock`."""
    arrived: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, arrived, clock), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", arrived


def _accept(listener: socket.socket, arrived: list[float], clock: Callable[[], float]) -> None:
    with suppress(OSError):
        while True:
            threading.Thread(target=_answer, args=(listener.accept()[0], arrived, clock), daemon=True).start()


def _answer(connection: socket.socket, arrived: list[float], clock: Callable[[], float]) -> None:
    with connection, suppress(OSError):
        while connection.recv(65536):
            arrived.append(clock())
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@contextmanager
def started_master(
    plan: dict[str, Any],
    agents: int,
    *options: str,
    core: str = SYSTEM_CORE,
    nice: int = 0,
    stderr: int = subprocess.PIPE,
    port: int | None = None,
    tools: Path = OWN_TOOLS,
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A master, on the system's core by default. It works in its folder and listens at `master` there, or at `port`."""
    with tempfile.TemporaryDirectory(prefix="gradual-bench-") as folder:
        Path(folder, "plan.json").write_text(json.dumps(plan))
        address = f"127.0.0.1:{port}" if port else f"unix:{folder}/master"
        command = [tool("gradual-master", tools), "run", "plan.json", "--listen", address, "-q"]
        command += ["--expect-agents", str(agents), *options]
        command = pinned(core, ["nice", "-n", str(nice), *command])
        with running(command, stdout=subprocess.DEVNULL, stderr=stderr, cwd=folder) as master:
            while not is_listening(Path(folder, "master"), port) and master.poll() is None:
                time.sleep(0.01)
            yield master, Path(folder)


def is_listening(path: Path, port: int | None) -> bool:
    """Whether the socket at `path` is there, or a process listens at `port`, which is not connected to."""
    if port is None:
        return path.exists()
    # Local addresses are in hexadecimal (proc(5)), and 0A is the state LISTEN. gRPC's sockets are of IPv6.
    tables = [Path("/proc/net", name).read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def run_fleet(
    plan: dict[str, Any],
    *,
    core: str = LOAD_CORE,
    watch: Any = None,
    options: tuple[str, ...] = (),
    agent_options: tuple[str, ...] = (),
    is_master_nice: bool = False,
    timeout_s: float = 300,
    tools: Path = OWN_TOOLS,
) -> dict[str, Any]:
    """Run `plan` with a master on the system's core and one agent on `core`, of `tools`; return the summary.

    `options` are for the master, `agent_options` for the agent. `is_master_nice`: it has a lower priority than the
    system, which shares its core. `watch(agent_pid)` is called when the agent has started.
    """
    options = ("-o", "json=summary.json", "--allow-saturated", *options)
    nice = 19 if is_master_nice else 0
    with started_master(plan, 1, *options, nice=nice, tools=tools) as (master, folder):
        agent_command = [tool("gradual-agent", tools), "--master", f"unix:{folder}/master", *agent_options]
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with running(pinned(core, agent_command), **streams) as agent:
            if watch is not None:
                watch(agent.pid)
            _, log = master.communicate(timeout=timeout_s)
        return read_summary(folder, log)


def run_embedded(plan: dict[str, Any], *, agents: int) -> dict[str, Any]:
    """Run `plan` with `gradual run --agents N`; return the summary."""
    command = [tool("gradual"), "run", "-", "--agents", str(agents), "-q", "-o", "json=summary.json"]
    command.append("--allow-saturated")
    with tempfile.TemporaryDirectory(prefix="gradual-bench-") as folder:
        done = subprocess.run(
            command, input=json.dumps(plan), cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
        return read_summary(Path(folder), done.stderr)


def read_summary(folder: Path, log: str) -> dict[str, Any]:
    """The summary that a run has written to `folder`; SystemExit with its `log` if there is none."""
    path = folder / "summary.json"
    if not path.exists():
        raise SystemExit(f"the run wrote no summary; its log:\n{log}")
    summary: dict[str, Any] = json.loads(path.read_text())
    return summary


def print_table(title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A plain table: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    print(f"\n{title}")
    for row in [header, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  " + "  ".join([row[0].ljust(widths[0]), *cells]))
    print(flush=True)


def check_limit(name: str, measured: float, limit: float, unit: str, *, at_most: bool = True) -> bool:
    """Print and return whether a measured value meets its limit."""
    met = measured <= limit if at_most else measured >= limit
    sign = "≤" if at_most else "≥"
    print(f"  {'met   ' if met else 'MISSED'} {name}: {measured:.2f}{unit} ({sign} {limit:g}{unit})", flush=True)
    return met


class CpuWatch:
    """Reads the CPU time of a process until it ends. `seconds`: user and system time so far."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, pid: int) -> None:
        threading.Thread(target=self._watch, args=(pid,), daemon=True).start()

    def _watch(self, pid: int) -> None:
        ticks = os.sysconf("SC_CLK_TCK")
        with suppress(OSError):
            while True:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                self.seconds = (int(fields[11]) + int(fields[12])) / ticks
                time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_kib(pid: int) -> int:
    """Resident memory of a process, KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise OSError(f"process {pid} has no resident memory")


os.environ.setdefault("PYTHONUNBUFFERED", "1")
