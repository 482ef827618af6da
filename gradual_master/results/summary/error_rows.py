"""One row of the table of errors."""

from __future__ import annotations

from dataclasses import dataclass

from gradual_master.results.summary.section import Section

ARROW = " → "
"""Stands in an example between what was asked and what came."""


@dataclass(frozen=True, slots=True)
class ErrorRow(Section):
    """Failures of one step that are of one kind and, where a status was not as it should be, of one code.

    `label`: what a person calls it, by the first one that was described, `… and others` where not all of those that
    were described are alike; `share`: of the step's requests; `first_s`, `last_s`: seconds since the schedule's begin,
    to the interval, exact where a failure that was described tells; `cause`: its sentence; `example`: what was asked
    and what came, masked. Both are None while no agent has described one.
    """

    group: str
    step: str
    action: str
    kind: str
    status_code: int | None
    label: str
    count: int
    share: float | None
    first_s: float
    last_s: float
    cause: str | None
    example: str | None
