"""The demo bank in its own process, and its counts."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fleet_processes import BIN, free_port, stop, wait_until


@contextmanager
def demo_bank() -> Iterator[str]:
    """Start a demo bank, yield its URL, and stop it at the end of the block."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen([str(BIN / "gradual"), "demo-server", "--port", str(port)], text=True)

    def answers() -> bool:
        try:
            return bool(stats_of(url))
        except OSError:
            return False

    try:
        wait_until(answers, "the demo bank answers")
        yield url
    finally:
        stop(process)


def stats_of(url: str) -> dict[str, Any]:
    """What the bank has counted, from its `/stats`."""
    with urllib.request.urlopen(f"{url}/stats", timeout=5) as response:
        stats: dict[str, Any] = json.load(response)
        return stats
