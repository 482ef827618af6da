"""`make demo` runs this: the demo bank, a master and two agents, with one plan. At the end all processes are stopped.

    python examples/demo.py [PLAN]

Prints live progress and the summary, writes `demo-summary.json`, and returns the master's exit code.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
BANK_PORT = 8080
SUMMARY = "demo-summary.json"
STOP_S = 20


@contextmanager
def running(name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start one of Gradual's commands, and stop it at the end of the block, also after an exception."""
    # In their own session, bank and agents get no Ctrl-C: they must run until the master has stopped the users.
    command = [str(BIN / name), *arguments]
    process = subprocess.Popen(command, start_new_session=name != "gradual-master")  # noqa: S603  (our own commands)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """A port of loopback on which no process listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_bank(bank: subprocess.Popen[bytes], url: str) -> None:
    """Return when the bank answers; SystemExit if it ended, or does not answer for 10 seconds."""
    for _ in range(200):
        if bank.poll() is not None:
            raise SystemExit(bank.returncode or 1)
        try:
            urllib.request.urlopen(f"{url}/stats", timeout=1).close()  # noqa: S310  (our own http address)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit(f"the demo bank does not answer at {url}")


def wait_for_master(master: subprocess.Popen[bytes], port: int) -> None:
    """Return when the master listens; SystemExit if it ended. Agents can wait for it, but log a line then."""
    while master.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(master.returncode)


def wait_for(process: subprocess.Popen[bytes]) -> int:
    """The exit code. Ctrl-C goes to the master too, so this function continues to wait."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def main(plan: str) -> int:
    """Run `plan`; return the master's exit code."""
    bank_url = f"http://127.0.0.1:{BANK_PORT}"
    port = free_port()
    address = f"127.0.0.1:{port}"
    with ExitStack() as stack:
        bank = stack.enter_context(running("gradual", "demo-server", "--port", str(BANK_PORT)))
        wait_for_bank(bank, bank_url)
        options = ["--listen", address, "--expect-agents", "2", "--base-url", bank_url, "-o", f"json={SUMMARY}"]
        master = stack.enter_context(running("gradual-master", "run", plan, *options))
        wait_for_master(master, port)
        for number in (1, 2):
            stack.enter_context(running("gradual-agent", "--master", address, "--name", f"demo-agent-{number}"))
        return wait_for(master)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else str(HERE / "demo.yaml")))
