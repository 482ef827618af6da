"""Open files, threads, memory and swap."""

from __future__ import annotations

from gradual.doctor.checks.finding import RESERVED_FILES, Finding, IntendedLoad, unknown
from gradual.doctor.host.facts import UNLIMITED, HostFacts

BYTES_PER_USER = 5_000
"""docs/bench.md, `memory`: one user with its connection, without what its responses hold."""

BYTES_PER_PROCESS = 85_000_000
"""An agent process with a plan and no user yet; the master has about as much."""

THREADS_PER_PROCESS = 32
"""An agent and a master have about 11 each on two cores; gRPC starts more on hosts with more."""

NEARLY_FULL = 0.8


def process_files(facts: HostFacts, load: IntendedLoad) -> Finding:
    """The limit of open files per process: an agent raises its soft limit to the hard one by itself."""
    check, needed = "open files, process", load.users_per_process + RESERVED_FILES
    if facts.hard_files is None:
        return unknown(check)
    seen = f"at most {number(facts.hard_files)}, {needed:,} needed in each of {load.described}"
    if facts.hard_files >= needed:
        return Finding(check, "ok", seen)
    raise_kernel = (
        f"sysctl -w fs.nr_open={needed}; " if facts.max_hard_files is not None and facts.max_hard_files < needed else ""
    )
    return Finding(
        check,
        "limit",
        seen,
        "Each connection of a user is an open file. An agent takes no more users than its files allow, and the master "
        "refuses a plan that needs more.",
        f"{raise_kernel}ulimit -Hn {needed} (as root, before the agent starts; a systemd unit: LimitNOFILE={needed})"
        f"{more_processes(facts.hard_files, load)}",
    )


def more_processes(limit: int, load: IntendedLoad) -> str:
    """The other way out: as many processes as hold the users with the files that each may open."""
    if limit <= RESERVED_FILES:
        return ""
    return f"; or --agents {-(-load.users // (limit - RESERVED_FILES))}"


def number(limit: int) -> str:
    """A limit in words."""
    return "unlimited" if limit >= UNLIMITED else f"{limit:,}"


def host_files(facts: HostFacts, load: IntendedLoad) -> Finding:
    """The limit of open files of the whole host."""
    check = "open files, host"
    if facts.host_files is None:
        return unknown(check)
    needed = (facts.open_files or 0) + load.users + load.processes * RESERVED_FILES
    seen = f"at most {facts.host_files:,}, {needed:,} needed"
    if facts.host_files >= needed:
        return Finding(check, "ok", seen)
    return Finding(
        check,
        "limit",
        seen,
        "When the kernel has no file left, new connections fail with “too many open files in system”, on the whole "
        "host. The run would report these as failures.",
        f"sysctl -w fs.file-max={2 * needed}",
    )


def threads(facts: HostFacts, load: IntendedLoad) -> Finding:
    """What the control group lets this process start (pids.max); users are no threads."""
    check, needed = "threads", (load.processes + 1) * THREADS_PER_PROCESS
    if facts.group is None:
        return unknown(check)
    if facts.group.task_room is None:
        return Finding(check, "ok", "no limit of the control group")
    seen = f"{facts.group.task_room:,} more in the control group, {needed:,} needed"
    if facts.group.task_room >= needed:
        return Finding(check, "ok", seen)
    return Finding(
        check,
        "limit",
        seen,
        "Agents and master are processes with threads; the number of users does not matter. Without room a process "
        "does not start, or ends in the middle of a run.",
        "a larger limit (docker run --pids-limit, podPidsLimit of the kubelet, TasksMax=)",
    )


def memory(facts: HostFacts, load: IntendedLoad) -> Finding:
    """Memory that is available, and that the control group leaves, against the users."""
    of_group = None if facts.group is None else facts.group.memory_room
    rooms = [room for room in (facts.memory_available, of_group) if room is not None]
    if not rooms:
        return unknown("memory")
    room, needed = min(rooms), load.users * BYTES_PER_USER + (load.processes + 1) * BYTES_PER_PROCESS
    is_of_group = room == of_group
    seen = (
        f"{megabytes(room)} available{' in the control group' if is_of_group else ''}, about {megabytes(needed)} needed"
    )
    if needed <= NEARLY_FULL * room:
        return Finding("memory", "ok", seen)
    change = (
        "give the container more memory (docker run --memory, resources.limits.memory, MemoryMax=)"
        if is_of_group
        else "end other programs, or spread the users over more hosts"
    )
    return Finding(
        "memory",
        "warn" if needed <= room else "limit",
        seen,
        "Without memory the kernel ends an agent in the middle of a run. Counted are 5 KB per user and 85 MB per "
        "process; large responses and long iterations hold more.",
        f"{change}; or fewer users here",
    )


def swap(facts: HostFacts, _: IntendedLoad) -> Finding:
    """Memory that was moved to a disk."""
    if facts.swap_used is None:
        return unknown("swap")
    if facts.swap_used == 0:
        return Finding("swap", "ok", "not in use")
    return Finding(
        "swap",
        "warn",
        f"{megabytes(facts.swap_used)} in use",
        "An agent whose memory is on a disk waits milliseconds to get it back, and all its users wait with it: their "
        "response times include the disk.",
        "swapoff -a (when there is enough memory), and swapon -a after the run",
    )


def megabytes(size: int) -> str:
    """`1,234 MB`."""
    return f"{size / 1e6:,.0f} MB"
