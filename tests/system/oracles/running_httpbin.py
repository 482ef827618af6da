"""httpbin as a process, with what came to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import stop

PYTHON = Path(sys.prefix) / "httpbin/bin/python"
SERVER = Path(__file__).with_name("httpbin_server.py")


@dataclass
class Httpbin:
    """A running httpbin."""

    url: str
    log: Path

    def take_log(self) -> list[dict[str, Any]]:
        """What came since the last call, in order."""
        text = self.log.read_text()
        with self.log.open("r+") as log:
            log.truncate(0)
        return [json.loads(line) for line in text.splitlines()]


@contextmanager
def running_httpbin(folder: Path) -> Iterator[Httpbin]:
    """The test is skipped when httpbin is not installed."""
    if not PYTHON.exists():
        pytest.skip("httpbin is not installed (make .venv/httpbin/.done)")
    log = folder / "httpbin.log"
    process = subprocess.Popen([PYTHON, SERVER, log], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield Httpbin(f"http://127.0.0.1:{int(process.stdout.readline())}", log)
    finally:
        stop(process)
