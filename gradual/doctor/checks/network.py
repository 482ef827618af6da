"""Ports, connections that wait, queues of servers, tracked connections, IPv6."""

from __future__ import annotations

from gradual.doctor.checks.finding import Finding, IntendedLoad, unknown
from gradual.doctor.host.facts import HostFacts

TIME_WAIT_S = 60
"""Linux keeps a closed connection for so long (TCP_TIMEWAIT_LEN); it is no setting."""

TRACKED_S = 120
"""A closed connection stays in the table of tracked ones for so long (nf_conntrack_tcp_timeout_time_wait)."""

ALL_PORTS = range(1024, 65_536)

WIDEN = f'sysctl -w net.ipv4.ip_local_port_range="{ALL_PORTS[0]} {ALL_PORTS[-1]}"'
REUSE = "sysctl -w net.ipv4.tcp_tw_reuse=1"
MORE_ADDRESSES = "spread the users over more hosts, or the system over more addresses"

REUSES = 1
"""`tcp_tw_reuse` for all connections; 2, the default, is for loopback only."""


def usable_ports(facts: HostFacts) -> int | None:
    """Ports for connections to one address and port of the system."""
    return None if facts.ports is None else facts.ports[1] - facts.ports[0] + 1 - facts.reserved_ports


def ports(facts: HostFacts, load: IntendedLoad) -> Finding:
    """Ports against open connections: one each per address and port of the system."""
    usable = usable_ports(facts)
    if usable is None:
        return unknown("ports")
    seen = f"{usable:,} for connections to one address and port, {load.users:,} needed if all users use the same"
    if usable >= load.users:
        return Finding("ports", "ok", seen)
    more = "" if load.users <= len(ALL_PORTS) else f"; that is not enough here: {MORE_ADDRESSES}"
    is_widest = usable >= len(ALL_PORTS)
    return Finding(
        "ports",
        "limit",
        seen,
        "Every open connection to the same address and port of the system needs a port of its own. Without one, "
        "connecting fails with “cannot assign requested address”. All users of this "
        "host share these ports. A system with several addresses or ports has as many for each, and needs fewer.",
        MORE_ADDRESSES if is_widest else WIDEN + more,
    )


def reuses(facts: HostFacts) -> bool:
    """Whether ports of connections that wait are used again: the kernel needs timestamps to do so safely."""
    return facts.tw_reuse == REUSES and facts.has_timestamps is True


def reuse(facts: HostFacts, _: IntendedLoad) -> Finding:
    """How many new connections per second the ports allow, when each is closed after use."""
    check, usable = "reuse of ports", usable_ports(facts)
    if usable is None or facts.tw_reuse is None or facts.has_timestamps is None:
        return unknown(check)
    if reuses(facts):
        return Finding(check, "ok", "tcp_tw_reuse = 1: a port is free again one second after its connection")
    settings = f"tcp_tw_reuse = {facts.tw_reuse}" + ("" if facts.has_timestamps else ", tcp_timestamps = 0")
    return Finding(
        check,
        "warn",
        f"{settings}: about {usable // TIME_WAIT_S:,} new connections/s to one address and port",
        f"The side that closes a connection first keeps its port for {TIME_WAIT_S} s. That matters to plans that "
        "connect often (`connections: close` or `per_iteration`), not to those that keep connections."
        + (" The value 2 reuses ports on loopback only." if facts.tw_reuse == 2 else ""),
        REUSE if facts.has_timestamps else f"{REUSE}; sysctl -w net.ipv4.tcp_timestamps=1",
    )


def waiting(facts: HostFacts, load: IntendedLoad) -> Finding:
    """Ports that wait now, of this host's last minute, and the users' connections beside them."""
    check, usable = "TIME_WAIT", usable_ports(facts)
    if usable is None or facts.time_wait is None:
        return unknown(check)
    seen = f"{facts.time_wait:,} connections wait, {usable:,} ports"
    if reuses(facts) or facts.time_wait + load.users <= usable or facts.time_wait < usable // 10:
        return Finding(check, "ok", seen)
    return Finding(
        check,
        "limit" if facts.time_wait >= 0.9 * usable else "warn",
        seen,
        "Ports of connections that were closed within the last minute cannot be used again for the same address. A run "
        "that begins now may have too few.",
        f"{REUSE}; or wait for a minute",
    )


def queues(facts: HostFacts, _: IntendedLoad) -> Finding:
    """The queues of servers: shown, because they are often changed for load tests, and never judged."""
    check = "queues of servers"
    if facts.somaxconn is None or facts.syn_backlog is None:
        return unknown(check)
    return Finding(
        check,
        "ok",
        f"somaxconn {facts.somaxconn:,}, tcp_max_syn_backlog {facts.syn_backlog:,}: of no effect on a host that only "
        "connects; set them on the system's host",
    )


def tracking(facts: HostFacts, load: IntendedLoad) -> Finding:
    """The table of tracked connections of the firewall."""
    check = "tracked connections"
    if facts.ports is None:
        return unknown(check)
    if facts.tracked_max is None:
        return Finding(check, "ok", "none: the kernel tracks no connections here")
    needed = (facts.tracked or 0) + load.users
    seen = f"table of {facts.tracked_max:,}, {needed:,} needed"
    if needed <= 0.8 * facts.tracked_max:
        return Finding(check, "ok", seen)
    return Finding(
        check,
        "limit" if needed > facts.tracked_max else "warn",
        seen,
        "When the table is full the kernel drops packets: connecting takes seconds or times out, as if the system were "
        f"slow. A closed connection keeps its entry for {TRACKED_S} s, so plans with `connections: close` need "
        f"{TRACKED_S} entries for each new connection per second.",
        f"sysctl -w net.netfilter.nf_conntrack_max={4 * needed}",
    )


def ipv6(facts: HostFacts, _: IntendedLoad) -> Finding:
    """Whether the host has IPv6."""
    if facts.has_ipv6 is None:
        return unknown("IPv6")
    return Finding("IPv6", "ok", "on" if facts.has_ipv6 else "off: only systems with an IPv4 address can be reached")
