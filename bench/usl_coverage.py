"""How often the 95 % intervals of the Universal Scalability Law cover the true value, over 1,000 made data sets.

One system with known parameters, measured at a dozen levels (and at six) from 1 to 80 users, nearly twice its peak,
with normal errors of 3 %. The same for a system without a peak, where β is at its limit 0. No load is sent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bench.support import check_limit, print_table
from gradual_master.analysis.scalability.analyse import analyse_scalability
from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.levels import MeasuredLevel
from gradual_master.analysis.scalability.result import Estimate, Scalability

SETS = 1_000
NOISE = 0.03
LARGEST = 80.0
MIN_PERCENT, MAX_PERCENT = 90.0, 98.0
PARAMETERS = ("gamma", "alpha", "beta")
NAMES = (*PARAMETERS, "n_peak", "x_peak", "curve")

PEAKED = Usl(20.0, 0.03, 0.0005)
FLAT = Usl(20.0, 0.03, 0.0)


class Case(NamedTuple):
    """A system, and at how many levels it is measured."""

    title: str
    law: Usl
    levels: int


CASES = (Case("12 levels", PEAKED, 12), Case("6 levels", PEAKED, 6), Case("12 levels, β = 0", FLAT, 12))


def main() -> bool:
    """Print the table; True if the limits of 12 levels are met."""
    percents = {case.title: coverage(case) for case in CASES}
    rows = [
        (title, *(f"{percent[name]:.1f}" if name in percent else "–" for name in NAMES))
        for title, percent in percents.items()
    ]
    print_table(f"95 % intervals that cover the true value, % of {SETS} data sets", ("", *NAMES), rows)
    judged = percents[CASES[0].title]
    met = [
        check_limit(f"{name}, 12 levels", judged[name], limit, " %", at_most=at_most)
        for name in PARAMETERS
        for limit, at_most in ((MIN_PERCENT, False), (MAX_PERCENT, True))
    ]
    return all(met)


def coverage(case: Case, sets: int = SETS) -> dict[str, float]:
    """Percent of the intervals that cover the truth, by name; of the curve: at all points of its band together."""
    hits = [covering(analyse_scalability(measure(case, seed)), case.law) for seed in range(sets)]
    return {name: 100.0 * sum(hit[name] for hit in hits) / sets for name in hits[0]}


def measure(case: Case, seed: int) -> list[MeasuredLevel]:
    """One data set."""
    users = np.linspace(1.0, LARGEST, case.levels)
    errors = 1.0 + NOISE * np.random.default_rng(seed).standard_normal(case.levels)
    throughput = case.law.throughput(users) * errors
    return [MeasuredLevel(n, x) for n, x in zip(users.tolist(), throughput.tolist(), strict=True)]


def covering(found: Scalability, law: Usl) -> dict[str, float]:
    """1 for each interval that covers the truth; of the curve the share of the points."""
    peak = law.peak()
    truth = {"gamma": law.gamma, "alpha": law.alpha, "beta": law.beta}
    if peak is not None:
        truth |= {"n_peak": peak, "x_peak": float(law.throughput(np.array([peak]))[0])}
    hits = {name: float(_covers(found[name], value)) for name, value in truth.items()}
    curve = law.throughput(np.array([point.users for point in found.band])).tolist()
    inside = [
        point.low_rps is not None and point.high_rps is not None and point.low_rps <= value <= point.high_rps
        for point, value in zip(found.band, curve, strict=True)
    ]
    return hits | {"curve": sum(inside) / len(inside)}


def _covers(estimate: Estimate | None, value: float) -> bool:
    """A limit that is missing excludes nothing."""
    if estimate is None:
        return False
    return (estimate.low is None or estimate.low <= value) and (estimate.high is None or value <= estimate.high)


if __name__ == "__main__":
    main()
