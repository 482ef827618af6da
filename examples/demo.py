"""What `make demo` runs: the demo bank, a master and two agents over gRPC, one plan; stops all it started.

    python examples/demo.py [PLAN]

Prints live progress and the summary, writes `demo-summary.json` and hands on the master's exit code.
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
    """Start one of Gradual's commands; it is stopped when the block ends, however that ends."""
    # A session of its own: Ctrl-C is for this script and the master, which drains before anything else may end.
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
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_bank(bank: subprocess.Popen[bytes], url: str) -> None:
    """Return when the bank answers; SystemExit when it ended or never does."""
    for _ in range(200):
        if bank.poll() is not None:
            raise SystemExit(bank.returncode or 1)
        try:
            urllib.request.urlopen(f"{url}/stats", timeout=1).close()  # noqa: S310  (our own http address)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit(f"the demo bank does not answer at {url}")


def await_listener(master: subprocess.Popen[bytes], port: int) -> None:
    """Return when the master listens; agents would wait for it by themselves, and say so. SystemExit if it ended."""
    while master.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(master.returncode)


def wait_for(process: subprocess.Popen[bytes]) -> int:
    """The exit code; Ctrl-C reaches the master by itself, here it only means to go on waiting."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def main(plan: str) -> int:
    """Run `plan`; the master's exit code."""
    bank_url = f"http://127.0.0.1:{BANK_PORT}"
    port = free_port()
    address = f"127.0.0.1:{port}"
    with ExitStack() as stack:
        bank = stack.enter_context(running("gradual", "demo-server", "--port", str(BANK_PORT)))
        wait_for_bank(bank, bank_url)
        options = ["--listen", address, "--expect-agents", "2", "--base-url", bank_url, "-o", f"json={SUMMARY}"]
        master = stack.enter_context(running("gradual-master", "run", plan, *options))
        await_listener(master, port)
        for number in (1, 2):
            stack.enter_context(running("gradual-agent", "--master", address, "--name", f"demo-agent-{number}"))
        return wait_for(master)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else str(HERE / "demo.yaml")))
