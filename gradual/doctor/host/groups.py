"""Finds the control groups of this process, of version 1 or 2, and reads their limits.

Version 2 has one tree (Linux: Documentation/admin-guide/cgroup-v2.rst). Version 1 has a tree for each controller
(Documentation/admin-guide/cgroup-v1), and a host may have both. A limit of a parent holds for its children too, so
every group from this one up to the root is read. In a container the root that is visible is the container's own group.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from gradual.doctor.host.facts import GroupLimits
from gradual.doctor.host.kernel_files import KernelFiles, whole

MOUNT = "sys/fs/cgroup"

Folders = Sequence[str]
Number = TypeVar("Number", int, float)


def read_limits(files: KernelFiles) -> GroupLimits | None:
    """The narrowest limits of this process's groups and their parents; None where there are no groups."""
    is_version_2 = files.has(f"{MOUNT}/cgroup.controllers")
    if not is_version_2 and not any(files.has(f"{MOUNT}/{name}") for name in ("cpu", "memory", "pids")):
        return None
    paths = paths_of_process(files)
    processor, memory, tasks = (
        folders(MOUNT, paths.get("", "/")) if is_version_2 else folders(f"{MOUNT}/{name}", paths.get(name, "/"))
        for name in ("cpu", "memory", "pids")
    )
    usage = [files.fields(f"{group}/cpu.stat") for group in processor]
    return GroupLimits(
        cores=least(quota(files, group) for group in processor),
        memory_room=least(memory_room(files, group) for group in memory),
        task_room=least(task_room(files, group) for group in tasks),
        periods=max((whole(stat.get("nr_periods")) or 0 for stat in usage), default=0),
        throttled=max((whole(stat.get("nr_throttled")) or 0 for stat in usage), default=0),
    )


def least(numbers: Iterable[Number | None]) -> Number | None:
    """The least of the numbers that are known."""
    return min((number for number in numbers if number is not None), default=None)


def paths_of_process(files: KernelFiles) -> dict[str, str]:
    """The path of this process's group by controller; `` is the tree of version 2. A line is `NUMBER:A,B:PATH`."""
    found: dict[str, str] = {}
    for line in (files.text("proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        found.update(dict.fromkeys(controllers.split(","), path))
    return found


def folders(mount: str, path: str) -> Folders:
    """The folders of a group and of its parents, up to the root of the tree."""
    # A group outside of what this process can see begins with `/..`: then only the visible root remains.
    names = [] if ".." in path.split("/") else [name for name in path.split("/") if name]
    return ["/".join([mount, *names[:length]]) for length in range(len(names), -1, -1)]


def quota(files: KernelFiles, group: str) -> float | None:
    """How many cores the group may use; None without a limit.

    `cpu.max` is `QUOTA PERIOD` in microseconds, or `max PERIOD`; version 1 has a file for each, and -1 without a limit.
    """
    words = files.words(f"{group}/cpu.max") or [
        word for name in ("quota", "period") for word in files.words(f"{group}/cpu.cfs_{name}_us")
    ]
    match [whole(word) for word in words]:
        case [int(most), int(period)] if period > 0:
            return most / period
    return None


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
