"""The demo bank as a process of its own, and what it counted."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conftest import BIN, free_port, stop, wait_until


@contextmanager
def demo_bank() -> Iterator[str]:
    """The URL of one that answers until the end of the block."""
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
    with urllib.request.urlopen(f"{url}/stats", timeout=5) as answer:
        stats: dict[str, Any] = json.load(answer)
        return stats
