"""Starts `bench.answering`, and asks it for what it has done."""

from __future__ import annotations

import json
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.support import SYSTEM_CORE, pinned, running, wait_for_file


@dataclass(frozen=True)
class KnownServer:
    """One of its ports."""

    url: str

    def times(self) -> list[float]:
        """The response times that it has given, s, in the order of the requests."""
        return [float(time) for time in self._known()["times"]]

    def mean_service_s(self) -> float:
        """Of a queue: its demand, as it turned out."""
        known = self._known()
        return float(known["served_s"]) / int(known["served"])

    def _known(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/known", timeout=30) as response:
            known: dict[str, Any] = json.load(response)
        return known


@contextmanager
def answering_as(settings: Sequence[dict[str, Any]]) -> Iterator[list[KnownServer]]:
    """A port for each of the settings, on the system's core."""
    with tempfile.TemporaryDirectory(prefix="gradual-bench-") as folder:
        Path(folder, "settings.json").write_text(json.dumps(settings))
        with running(pinned(SYSTEM_CORE, [sys.executable, "-m", "bench.answering", folder])):
            wait_for_file(Path(folder, "ports.json"))
            ports = json.loads(Path(folder, "ports.json").read_text())
            yield [KnownServer(f"http://127.0.0.1:{port}") for port in ports]
