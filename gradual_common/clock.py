"""The clock of master and agents: CLOCK_BOOTTIME, which keeps counting while a machine sleeps; else the monotonic one.

`time.clock_gettime_ns(CLOCK_ID)` is the reading; it is made by the shells and the engine, never here
(docs/design/fleet.md, 4.2).
"""

import time

CLOCK_ID: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

NEVER = 1 << 62
"""An instant that no run reaches, ns: where a deadline or an end is not set. Sums with it stay within 64 bits."""
