"""The order of repeated runs: A B B A A B B A …

Machines warm up and hours pass: what changes slowly must not fall on one side. In this order each pair of runs is
turned round against the one before it, so that a steady drift cancels out over every two pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Side = Literal["baseline", "candidate"]


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One of the runs."""

    side: Side
    number: int
    """On its side, from 1."""


def order_of_runs(number: int, *, both: bool) -> Iterator[PlannedRun]:
    """The runs in their order: `number` of the baseline, and if `both`, as many of the candidate."""
    for each in range(1, number + 1):
        if not both:
            yield PlannedRun("baseline", each)
            continue
        first: tuple[Side, Side] = ("baseline", "candidate")
        for side in first if each % 2 else first[::-1]:
            yield PlannedRun(side, each)
