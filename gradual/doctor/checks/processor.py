"""The time of the cores: frequency, hypervisor, limits of the container."""

from __future__ import annotations

from gradual.doctor.checks.finding import Finding, IntendedLoad, unknown
from gradual.doctor.host.facts import HostFacts
from gradual_common.units import percent

LITTLE_STEAL, MUCH_STEAL = 0.01, 0.05
MUCH_THROTTLED = 0.05
"""Of all periods. A period is 100 ms by default, and all users of the agent stand still for the rest of it."""


def governor(facts: HostFacts, _: IntendedLoad) -> Finding:
    """Whether the cores keep their frequency."""
    check = "CPU frequency"
    if not facts.governors:
        return unknown(check, "not known here (virtual machines rarely tell)")
    names = ", ".join(sorted(set(facts.governors)))
    if set(facts.governors) == {"performance"}:
        return Finding(check, "ok", f"governor {names}")
    return Finding(
        check,
        "warn",
        f"governor {names}",
        "The cores slow down when there is little to do. Response times at few users include the time that they need "
        "to speed up, so a system seems to get faster with more users.",
        "cpupower frequency-set -g performance",
    )


def steal(facts: HostFacts, _: IntendedLoad) -> Finding:
    """Time that the hypervisor gave to others."""
    check = "stolen time"
    if facts.steal is None:
        return unknown(check)
    seen = f"{percent(facts.steal)} of the working time since the host started"
    if facts.steal < LITTLE_STEAL:
        return Finding(check, "ok", seen)
    return Finding(
        check,
        "limit" if facts.steal >= MUCH_STEAL else "warn",
        seen,
        "The hypervisor let other virtual machines run while an agent wanted to. Responses that arrive in that time "
        "are seen late, so the system looks slower than it is.",
        "no command inside of this host: take a machine with dedicated cores, or one with fewer neighbours",
    )


def quota(facts: HostFacts, _: IntendedLoad) -> Finding:
    """The quota of the control group against the cores that the process sees."""
    check = "CPU quota"
    if facts.group is None:
        return unknown(check)
    cores = facts.group.cores
    if cores is None or cores >= facts.cores:
        return Finding(check, "ok", f"none below the {facts.cores} usable cores")
    return Finding(
        check,
        "limit" if cores < 1 else "warn",
        f"{cores:.2g} of {facts.cores} usable cores",
        "When the quota of a period (100 ms by default) is used up, all processes of the container stop until the "
        "next one. More busy processes than the quota has cores use it up early."
        + (" Below one core that happens to a single busy agent." if cores < 1 else ""),
        "a quota of whole cores, at least 1 per agent process (docker run --cpus, resources.limits.cpu, CPUQuota=)"
        + (f"; or {int(cores)} agent process{'' if int(cores) == 1 else 'es'} at most" if cores >= 1 else ""),
    )


def throttling(facts: HostFacts, _: IntendedLoad) -> Finding:
    """How often the group was stopped because its quota was used up."""
    check = "throttling"
    if facts.group is None:
        return unknown(check)
    if facts.group.throttled == 0 or facts.group.periods == 0:
        return Finding(check, "ok", "never stopped by a quota")
    share = facts.group.throttled / facts.group.periods
    return Finding(
        check,
        "limit" if share >= MUCH_THROTTLED else "warn",
        f"stopped in {percent(share)} of {facts.group.periods:,} periods",
        "The container was stopped in the middle of its work because its CPU quota was used up. Every stop adds tens "
        "of milliseconds to the response times of all users.",
        "a larger CPU quota, or none (docker run --cpus, resources.limits.cpu, CPUQuota=); or fewer users here",
    )
