"""The findings as text and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from gradual.doctor.checks.finding import Finding, IntendedLoad
from gradual_common.units import count

WIDTH = 100
STATE_WIDTH = 9
WORST_FIRST = ("limit", "warn")


def as_text(findings: Sequence[Finding], load: IntendedLoad, code: int) -> str:
    """A line per check; then what to change, the worst first; last the counts and the exit code."""
    lines = [f"This host, for {count(load.users, 'user')} in {load.described}:", "", *table(findings)]
    for state in WORST_FIRST:
        for finding in findings:
            if finding.state == state:
                lines += ["", *advice(finding)]
    if any("sysctl -w" in finding.change for finding in findings):
        lines += ["", "`sysctl -w` lasts until the host restarts; lines in /etc/sysctl.d/90-gradual.conf last longer."]
    return "\n".join([*lines, "", f"{conclusion(findings)} Exit code {code}."])


def table(findings: Sequence[Finding]) -> Iterator[str]:
    """State, check, and what was seen; long texts continue below themselves."""
    width = max(len(finding.check) for finding in findings) + 2
    for finding in findings:
        start = f"{finding.state:<{STATE_WIDTH}}{finding.check:<{width}}"
        yield from wrapped(start, finding.seen)


def advice(finding: Finding) -> Iterator[str]:
    """One finding: what, why, and the change. A command is never broken over lines, so that it can be copied."""
    yield from wrapped(f"{finding.state:<{STATE_WIDTH}}", f"{finding.check}: {finding.seen}")
    yield from wrapped(f"{'  why':<{STATE_WIDTH}}", finding.why)
    yield f"{'  change':<{STATE_WIDTH}}{finding.change}"


def wrapped(start: str, text: str) -> list[str]:
    """Lines of at most `WIDTH` characters; all after the first are indented below the text."""
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start))


def conclusion(findings: Sequence[Finding]) -> str:
    """What all findings together mean."""
    limits, warnings, unknowns = (
        sum(finding.state == state for finding in findings) for state in ("limit", "warn", "unknown")
    )
    first = (
        f"{count(limits, 'finding')} would limit or falsify a run" if limits else "Nothing limits a run of this size"
    )
    return f"{first}; {count(warnings, 'warning')}, {unknowns} not known."


def as_json(findings: Sequence[Finding], load: IntendedLoad, code: int) -> str:
    """The same for programs; `why` and `change` are null where there is nothing to change."""
    document = {
        "users": load.users,
        "processes": load.processes,
        "exit_code": code,
        "checks": [as_object(finding) for finding in findings],
    }
    return json.dumps(document, indent=2)


def as_object(finding: Finding) -> dict[str, Any]:
    """One finding."""
    return {
        "check": finding.check,
        "state": finding.state,
        "seen": finding.seen,
        "why": finding.why or None,
        "change": finding.change or None,
    }
