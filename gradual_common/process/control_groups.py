"""Finds the control groups of this process, of version 1 or 2, and how many cores they allow.

Version 2 has one tree (Linux: Documentation/admin-guide/cgroup-v2.rst). Version 1 has a tree for each controller
(Documentation/admin-guide/cgroup-v1), and a host may have both. A limit of a parent holds for its children too, so
every group from this one up to the root is read. In a container the root that is visible is the container's own group.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from gradual_common.process.kernel_files import KernelFiles, whole

MOUNT = "sys/fs/cgroup"

Folders = Sequence[str]
Number = TypeVar("Number", int, float)


def cpu_quota(files: KernelFiles) -> float | None:
    """How many cores this process may use for the whole of a time, for example 1.5; None without a limit."""
    return least(quota(files, group) for group in find_groups(files, "cpu"))


def find_groups(files: KernelFiles, controller: str) -> Folders:
    """The folders of this process's group and of its parents for a controller; none where there are no groups."""
    if files.has(f"{MOUNT}/cgroup.controllers"):
        return folders(MOUNT, paths_of_process(files).get("", "/"))
    mount = f"{MOUNT}/{controller}"
    return folders(mount, paths_of_process(files).get(controller, "/")) if files.has(mount) else ()


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
