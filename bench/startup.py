"""Seconds from `gradual run` to the first request at the system, and of `gradual --help`; medians of 5."""

from __future__ import annotations

import os
import statistics
import subprocess
import time

from bench.quiet import measure_quietly
from bench.support import answering, check_limit, tool

ROUNDS = 5
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""As on a user's machine, where Python writes its compiled files."""


def seconds_to_first_request() -> float:
    """Start `gradual run URL` with one user against our own server."""
    with answering(time.perf_counter) as (url, arrived):
        started = time.perf_counter()
        command = [tool("gradual"), "run", url, "-u", "1", "-d", "1s", "-q"]
        subprocess.run(command, capture_output=True, timeout=60, check=False, env=ENVIRONMENT)
        return arrived[0] - started


def seconds_of_help() -> float:
    """Wall time of `gradual --help`."""
    started = time.perf_counter()
    subprocess.run([tool("gradual"), "--help"], capture_output=True, timeout=60, check=True)
    return time.perf_counter() - started


def main() -> bool:
    """Print both medians; True if both limits are met."""
    seconds_of_help()
    first = statistics.median(measure_quietly(seconds_to_first_request, "first request") for _ in range(ROUNDS))
    helped = statistics.median(measure_quietly(seconds_of_help, "--help") for _ in range(ROUNDS))
    return all(
        [
            check_limit("gradual run to the first request", first, 1.0, " s"),
            check_limit("gradual --help", helped, 0.3, " s"),
        ]
    )
