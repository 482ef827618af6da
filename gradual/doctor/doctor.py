"""All checks in the order in which they are shown, and the command.

A new check is a function in `gradual/doctor/checks/` and its entry in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from gradual.agents.processes import default_agents
from gradual.doctor.checks import network, processor, resources, software, timekeeping
from gradual.doctor.checks.finding import Finding, IntendedLoad, intended_load
from gradual.doctor.host.facts import HostFacts
from gradual.doctor.host.reading import read_host
from gradual.doctor.printing import as_json, as_text
from gradual_common.process.exit_codes import DONE, NOT_DONE
from gradual_common.process.kernel_files import KernelFiles

CHECKS: Sequence[Callable[[HostFacts, IntendedLoad], Finding]] = (
    resources.process_files,
    resources.host_files,
    network.ports,
    network.reuse,
    network.waiting,
    network.queues,
    network.tracking,
    network.ipv6,
    processor.governor,
    processor.steal,
    processor.quota,
    processor.throttling,
    resources.threads,
    resources.memory,
    resources.swap,
    timekeeping.wall_clock,
    timekeeping.source,
    software.python,
    software.uvloop,
    software.openssl,
    software.place,
)


def examine(facts: HostFacts, load: IntendedLoad) -> list[Finding]:
    """The findings of all checks."""
    return [check(facts, load) for check in CHECKS]


def exit_code(findings: Sequence[Finding]) -> int:
    """0, or 3 if a finding would limit or falsify a run; warnings alone are 0."""
    return NOT_DONE if any(finding.state == "limit" for finding in findings) else DONE


def run_doctor(users: int, wants_json: bool, root: Path = Path("/")) -> int:
    """Examine this host and print the findings; the exit code."""
    load = intended_load(users, default_agents())
    findings = examine(read_host(KernelFiles(root)), load)
    code = exit_code(findings)
    typer.echo((as_json if wants_json else as_text)(findings, load, code))
    return code
