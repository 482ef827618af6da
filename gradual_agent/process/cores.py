"""How many cores this process has: the host's, those that it may run on, and the quota of its container."""

from __future__ import annotations

import os

from gradual_common.process.control_groups import cpu_quota
from gradual_common.process.kernel_files import KernelFiles


def usable_cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores_to_load() -> int:
    """How many busy processes get a whole core each; at least one."""
    return whole_cores(usable_cores(), cpu_quota(KernelFiles()))


def whole_cores(usable: int, quota: float | None) -> int:
    """The whole cores within a quota: with 1.5 cores, two busy processes would stop for a quarter of each period."""
    return usable if quota is None else max(1, min(usable, int(quota)))
