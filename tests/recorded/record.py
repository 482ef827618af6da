"""Make the recorded run anew, or what it must give.

    python tests/recorded/record.py golden     the golden files, from the recording that is there: seconds
    python tests/recorded/record.py run        a new recording, and the golden files: half a minute

Golden files are renewed only when a change of wording or of a format is wanted, and listed in the CHANGELOG: the diff
of this folder then shows that change and no other. A new recording is made only when the wire contract grows, or a
kind of event is missing in it; its golden files come from code that is known to be right.
"""

# ruff: noqa: PLC0415 - only a new recording needs them, and only once the clock is set
from __future__ import annotations

import gzip
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden"
RECORDING = HERE / "agents.jsonl.gz"
PORT = 18095
"""Stands in the plan; the one behind it stays closed."""

LARGE = 30_000
"""Bytes from which a golden file is kept compressed."""

ENVIRONMENT = {
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "COLUMNS": "100",
    "TERM": "dumb",
    "RECORDED_API_KEY": "key-4711-secret",
}


def replay(folder: Path) -> None:
    """Replay the recording for the master; what it wrote is in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("plan.yaml", "users.csv"):
        shutil.copy(HERE / name, folder)
    _run(folder, "replay.py", RECORDING)


def replay_agent(folder: Path) -> None:
    """Replay for one of the agents what the master, by the golden files, said to it."""
    folder.mkdir(parents=True, exist_ok=True)
    _run(folder, "replay_agent.py", RECORDING, GOLDEN / "to_agents.jsonl.gz")
    (folder / "stdout.txt").unlink()


def _run(folder: Path, script: str, *arguments: Path) -> None:
    """In a process of its own, for the clock is another."""
    with open(folder / "stdout.txt", "wb") as out, open(folder / "stderr.txt", "wb") as errors:
        subprocess.run(
            [sys.executable, str(HERE / script), *map(str, arguments)],
            cwd=folder,
            env=ENVIRONMENT | {"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            timeout=120,
            check=False,
        )


def outcome(folder: Path) -> dict[str, bytes]:
    """Everything below a folder by its path, uncompressed."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, data = path.relative_to(folder).as_posix(), path.read_bytes()
        if name.endswith(".gz"):
            name, data = name.removesuffix(".gz"), gzip.decompress(data)
        found[name] = data
    return found


def renew() -> None:
    """The golden files, as the code now gives them."""
    shutil.rmtree(GOLDEN, ignore_errors=True)
    with tempfile.TemporaryDirectory() as place:
        replay(Path(place))
        keep(outcome(Path(place)), GOLDEN)
    with tempfile.TemporaryDirectory() as place:
        replay_agent(Path(place))
        keep(outcome(Path(place)), GOLDEN / "agent")


def keep(files: dict[str, bytes], folder: Path) -> None:
    for name, data in files.items():
        large = len(data) > LARGE
        path = folder / f"{name}.gz" if large else folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data, mtime=0) if large else data)


class Agents:
    """Agents that come and go: one is killed, one comes late, one is told to leave."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._agents: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        command = [sys.executable, "-m", "gradual_agent", "--master", f"unix:{self._folder}/master", "--name", name]
        self._agents[name] = subprocess.Popen([*command, "--max-users", "40"], cwd=self._folder)

    def follow(self) -> None:
        """Once the run is begun."""
        for at, act in (
            (9.4, self._agents["c"].kill),
            (13.2, lambda: self.start("d")),
            (16.1, lambda: self._agents["b"].send_signal(signal.SIGTERM)),
        ):
            timer = threading.Timer(at, act)
            timer.daemon = True
            timer.start()

    def end(self) -> None:
        for agent in self._agents.values():
            try:
                agent.wait(10)
            finally:
                agent.kill()


@contextmanager
def serving() -> Iterator[None]:
    system = subprocess.Popen([sys.executable, str(HERE / "recorded_system.py"), str(PORT)])
    try:
        yield
    finally:
        system.kill()
        system.wait()


def record(folder: Path) -> None:
    """A real run whose agents' words are kept."""
    from importlib.metadata import entry_points

    import grpc.aio
    from recorded_clock import Clock, Loop, Ticking, use_loop
    from recorded_edge import Recording, write_events

    os.environ |= ENVIRONMENT
    os.chdir(folder)
    for name in ("plan.yaml", "users.csv"):
        shutil.copy(HERE / name, folder)
    clock = Clock()
    selector = Ticking(clock)
    agents = Agents(folder)
    clock.install()

    def begin() -> None:
        selector.start()
        agents.follow()

    grpc.aio.server = recording = Recording(lambda: clock.elapsed, begin, Reviser())
    use_loop(lambda: Loop(clock, selector))
    words = "run plan.yaml --listen unix:master --expect-agents 3 --lease 3s -o console -o parquet=samples"
    sys.argv = ["gradual-master", *words.split()]
    (command,) = entry_points(group="console_scripts", name="gradual-master")
    with serving():
        for name in "abc":
            agents.start(name)
        try:
            command.load()()
        except SystemExit as leaving:
            print("exit code", leaving.code)
        finally:
            agents.end()
    write_events(RECORDING, recording.events)


class Reviser:
    """A Hello that tells nothing of this machine."""

    def __call__(self, message: Any) -> None:
        if message.DESCRIPTOR.name == "AgentMessage" and message.HasField("hello"):
            message.hello.host = f"host-{message.hello.name}"
            message.hello.pid = 4000 + ord(message.hello.name[0])
            message.hello.version = "0.1.0"


if __name__ == "__main__":
    if sys.argv[1] == "run":
        with tempfile.TemporaryDirectory() as place:
            record(Path(place))
        os.chdir(HERE)
    renew()
