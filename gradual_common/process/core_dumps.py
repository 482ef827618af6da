"""No core dumps: the memory of a master and of its agents holds the join token, keys, and all secrets of the plan."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping

WANTED = "GRADUAL_CORE_DUMPS"
"""With the value 1 a process that crashes dumps its memory, as far as its limits allow."""

NO_DUMP = 1
"""Bytes. Less than the smallest dump, so no file is written. Linux writes none to a program either, such as
systemd-coredump: with 0 it would (core(5))."""


def forbid_core_dumps(environment: Mapping[str, str] = os.environ) -> None:
    """Lower the soft limit of this process, and so of the processes that it starts."""
    if environment.get(WANTED) == "1":
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    lowest = NO_DUMP if hard == resource.RLIM_INFINITY else min(NO_DUMP, hard)
    resource.setrlimit(resource.RLIMIT_CORE, (lowest, hard))
