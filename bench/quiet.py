"""Was the machine quiet during a measurement? If not, the measurement is repeated, with a line about it.

A probe process sleeps 1 ms in a loop and records the longest stall. `/proc/stat` has the time that the hypervisor took
for other machines ("steal", proc(5)). A run with a stall above 20 ms or more than 1 % of steal is not counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

MAX_STALL_MS = 20.0
MAX_STEAL = 0.01
ATTEMPTS = int(os.environ.get("GRADUAL_BENCH_ATTEMPTS", "3"))

PROBE = """
import sys, time, threading
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
worst, last = 0.0, time.perf_counter()
while not stop.is_set():
    time.sleep(0.001)
    now = time.perf_counter()
    worst, last = max(worst, now - last - 0.001), now
print(worst * 1000)
"""

IDLE_PROBE = [sys.executable, "-c", PROBE]

T = TypeVar("T")


def read_cpu_times() -> tuple[int, int]:
    """Total and stolen jiffies of all cores since boot."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return sum(fields[:8]), fields[7]


def measure_quietly(measure: Callable[[], T], label: str) -> T:
    """Repeat `measure` until the machine was quiet; after `ATTEMPTS` use the last result and print that."""
    for attempt in range(1, ATTEMPTS + 1):
        total, stolen = read_cpu_times()
        probe = subprocess.Popen(IDLE_PROBE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            result = measure()
        finally:
            stall = float(probe.communicate("", timeout=10)[0])
        total_after, stolen_after = read_cpu_times()
        steal = (stolen_after - stolen) / max(1, total_after - total)
        if stall <= MAX_STALL_MS and steal <= MAX_STEAL:
            return result
        verdict = "kept: no quiet run" if attempt == ATTEMPTS else "repeated"
        print(f"  {label}: stall {stall:.0f} ms, steal {steal:.1%}: {verdict}", flush=True)
    return result
