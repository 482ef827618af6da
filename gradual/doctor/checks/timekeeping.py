"""The wall clock, and the source of time."""

from __future__ import annotations

from gradual.doctor.checks.finding import Finding, IntendedLoad, unknown
from gradual.doctor.host.facts import HostFacts

FAST = ("tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "riscv_clocksource", "timebase", "tod")
"""Sources that a program reads without a call of the kernel (vDSO), on x86, Arm, RISC-V, POWER and z."""

SLOW = ("hpet", "acpi_pm", "xen", "hyperv_clocksource_msr")
COARSE = ("jiffies", "pit", "refined-jiffies")
"""They step by milliseconds."""

CURRENT = "/sys/devices/system/clocksource/clocksource0/current_clocksource"


def wall_clock(facts: HostFacts, _: IntendedLoad) -> Finding:
    """Whether the wall clock is synchronised. Durations do not depend on it."""
    check = "wall clock"
    if facts.clock is None:
        return unknown(check)
    if facts.clock.is_synchronised:
        return Finding(check, "ok", f"synchronised, error at most {facts.clock.max_error_us / 1000:,.3g} ms")
    return Finding(
        check,
        "warn",
        "not synchronised",
        "Response times are right, because they are measured with another clock. But the times of day in logs and "
        "reports do not fit those of the system, and a clock that is days off refuses certificates.",
        "timedatectl set-ntp true (or start chronyd); in a container or virtual machine: on its host",
    )


def source(facts: HostFacts, _: IntendedLoad) -> Finding:
    """What the kernel reads the time from: every request reads it several times."""
    check, name = "source of time", facts.clock_source
    if name is None:
        return unknown(check)
    if name in FAST:
        return Finding(check, "ok", name)
    if name not in SLOW + COARSE:
        return unknown(check, f"{name}: not known whether it is fast")
    better = next((source for source in FAST if source in facts.clock_sources), None)
    return Finding(
        check,
        "limit" if name in COARSE else "warn",
        name,
        "It steps by milliseconds: shorter response times cannot be measured."
        if name in COARSE
        else "Reading it is a call of the kernel that takes up to microseconds, several times per request: an agent "
        "reaches fewer requests per second.",
        f"echo {better} > {CURRENT}"
        if better
        else "the kernel offers no faster one here; `dmesg | grep -i -e tsc -e clocksource` says why",
    )
