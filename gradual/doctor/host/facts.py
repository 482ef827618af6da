"""What is known about a host. None always means: this host does not tell."""

from __future__ import annotations

from dataclasses import dataclass

UNLIMITED = 1 << 62
"""A limit of "unlimited", as a number that is above every other."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """The kernel's view of its wall clock (adjtimex(2))."""

    is_synchronised: bool
    max_error_us: int
    """The largest error that the kernel thinks possible, in microseconds."""


@dataclass(frozen=True, slots=True)
class GroupLimits:
    """The limits of the control groups of this process: of each kind the narrowest of the group and its parents."""

    cores: float | None = None
    """CPU time per time that the quota allows; None without a quota."""

    memory_room: int | None = None
    """Bytes until the limit, not counting cached files that the kernel can drop; None without a limit."""

    task_room: int | None = None
    """Processes and threads until the limit; None without a limit."""

    periods: int = 0
    """Periods of the quota in which the group ran, since it exists."""

    throttled: int = 0
    """Periods in which the group was stopped because its quota was used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """All that the checks judge."""

    system: str
    """`Linux`, `Darwin`, …"""

    cores: int
    """Cores that this process may use."""

    soft_files: int | None = None
    hard_files: int | None = None
    """Limits of open files per process."""

    host_files: int | None = None
    """`fs.file-max`: open files of the whole host."""

    open_files: int | None = None
    """Files of the whole host that are open now."""

    max_hard_files: int | None = None
    """`fs.nr_open`: the largest limit that a process may have."""

    ports: tuple[int, int] | None = None
    """The first and the last port that the kernel gives to connections."""

    reserved_ports: int = 0
    """Ports in that range that the kernel leaves out."""

    tw_reuse: int | None = None
    """`net.ipv4.tcp_tw_reuse`: 0 off, 1 on, 2 for loopback only."""

    has_timestamps: bool | None = None
    """`net.ipv4.tcp_timestamps`: without them no port is reused."""

    time_wait: int | None = None
    """Connections in TIME_WAIT now."""

    somaxconn: int | None = None
    syn_backlog: int | None = None

    tracked_max: int | None = None
    tracked: int | None = None
    """The size of the table of tracked connections (conntrack), and its entries now; None where nothing is tracked."""

    has_ipv6: bool | None = None

    governors: tuple[str, ...] = ()
    """The CPU frequency governors in use, each once."""

    steal: float | None = None
    """Share of the time that the cores wanted to work and the hypervisor did not let them, since the host started."""

    group: GroupLimits | None = None
    """None where there are no control groups."""

    memory_available: int | None = None
    """Bytes."""

    swap_used: int | None = None
    """Bytes."""

    clock: ClockState | None = None
    clock_source: str | None = None
    clock_sources: tuple[str, ...] = ()
    """The kernel's source of time, and all that it could use."""

    is_virtual: bool | None = None
    """Whether a hypervisor runs this host."""

    container: str | None = None
    """The kind of container that this process runs in."""

    python: str
    is_debug_python: bool = False
    uvloop: str | None = None
    """Its version; None if it cannot be imported."""

    openssl: str = ""
