"""Reads the limits of this process's control groups. How they are found: `gradual_common.process.control_groups`."""

from __future__ import annotations

from gradual.doctor.host.facts import GroupLimits
from gradual_common.process.control_groups import find_groups, least, quota
from gradual_common.process.kernel_files import KernelFiles, whole


def read_limits(files: KernelFiles) -> GroupLimits | None:
    """The narrowest limits of this process's groups and their parents; None where there are no groups."""
    found = [find_groups(files, name) for name in ("cpu", "memory", "pids")]
    if not any(found):
        return None
    processor, memory, tasks = found
    usage = [files.fields(f"{group}/cpu.stat") for group in processor]
    return GroupLimits(
        cores=least(quota(files, group) for group in processor),
        memory_room=least(memory_room(files, group) for group in memory),
        task_room=least(task_room(files, group) for group in tasks),
        periods=max((whole(stat.get("nr_periods")) or 0 for stat in usage), default=0),
        throttled=max((whole(stat.get("nr_throttled")) or 0 for stat in usage), default=0),
    )


def memory_room(files: KernelFiles, group: str) -> int | None:
    """Bytes until the limit; cached files that nobody used lately are dropped before anything fails."""
    limit = first(files, group, "memory.max", "memory.limit_in_bytes")
    used = first(files, group, "memory.current", "memory.usage_in_bytes")
    if limit is None or used is None:
        return None
    stat = files.fields(f"{group}/memory.stat")
    # In version 1 `inactive_file` is of this group alone, without its children.
    cached = whole(stat.get("total_inactive_file", stat.get("inactive_file"))) or 0
    return max(0, limit - max(0, used - cached))


def task_room(files: KernelFiles, group: str) -> int | None:
    """Processes and threads that the group may still start; None without a limit."""
    limit, used = files.number(f"{group}/pids.max"), files.number(f"{group}/pids.current")
    return None if limit is None or used is None else max(0, limit - used)


def first(files: KernelFiles, group: str, *names: str) -> int | None:
    """The number in the first of the files that has one."""
    return next((found for name in names if (found := files.number(f"{group}/{name}")) is not None), None)
