"""Asymptotic bounds of a closed system (P. J. Denning and J. P. Buzen, "The Operational Analysis of Queueing Network
Models", ACM Computing Surveys 10 (3), 1978; E. D. Lazowska et al., "Quantitative System Performance", 1984, chapter 5).

    X(N) ≤ min(1/Dmax, N/(D + Z))          N* = (D + Z)/Dmax

D is the response time of a request that waits for nobody, Z the think time, Dmax the demand on the busiest resource.
Below N* users need not queue; above it they must. None of it needs the form of the USL, except where said:

- D is the mean response time at the smallest level. Whoever waits there already makes D too large. Z is the think time
  there, or what Little's law leaves of N/X beside D.
- Without a response time, D + Z is 1/γ of the fit, its X(1) turned over: N = X(R + Z) for one user.
- 1/Dmax is the largest throughput that was measured, if the system was saturated: at the largest level 1 % more users
  bring less than 0.1 % more throughput by the fit, or the peak is behind it. Else the system can do more than was
  measured, and N* is not known. The asymptote γ/α is no substitute: it lies far beyond the data then.
"""

from __future__ import annotations

from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.levels import LevelArrays, MeasuredLevel
from gradual_master.analysis.scalability.result import AsymptoticBounds

SATURATED_GAIN = 0.1
"""The largest d ln X / d ln N of a saturated system."""

LITTLE_TOLERANCE = 0.05
"""By how much N/X may differ from R + Z before it is said."""


def asymptotic_bounds(levels: LevelArrays, law: Usl) -> AsymptoticBounds:
    """The bounds by the levels, and by the fit where a response time is missing."""
    cycle, demand, think, assumptions = _cycle(levels.levels[0], law)
    largest = float(levels.throughput.max())
    users = float(levels.concurrency[-1])
    is_saturated = law.gain(users) <= SATURATED_GAIN
    if is_saturated:
        limit = f"1/Dmax is the largest measured throughput, {_short(largest)}/s."
    else:
        grew = f"it still grew at {_users(users)}"
        limit = f"1/Dmax is above the largest measured throughput, {_short(largest)}/s: {grew}."
    return AsymptoticBounds(
        cycle_s=cycle,
        demand_s=demand,
        think_s=think,
        max_throughput_rps=largest,
        saturated=is_saturated,
        n_star=cycle * largest if is_saturated else None,
        assumptions=(*assumptions, limit),
    )


def _cycle(smallest: MeasuredLevel, law: Usl) -> tuple[float, float | None, float | None, tuple[str, ...]]:
    """D + Z, D and Z in seconds, and how they were found."""
    think = smallest.think_s
    little = smallest.concurrency / smallest.throughput
    at = f"at {_users(smallest.concurrency)}, the smallest level"
    if smallest.latency_s is None:
        cycle = 1.0 / law.gamma
        demand = None if think is None else max(0.0, cycle - think)
        return cycle, demand, think, ("D + Z is 1/γ, the fitted time of one user: no response time was given.",)
    demand = smallest.latency_s
    found = f"D is the mean response time {at}: {_short(demand)} s."
    if think is None:
        return max(demand, little), demand, None, (found, "Z is N/X − D there, by Little's law: none was given.")
    cycle = demand + think
    if abs(little / cycle - 1.0) <= LITTLE_TOLERANCE:
        return cycle, demand, think, (found,)
    return cycle, demand, think, (found, f"R + Z is {_short(cycle)} s there, but N/X is {_short(little)} s.")


def _short(value: float) -> str:
    """Four digits, without an exponent for large numbers."""
    return f"{value:,.0f}" if value >= 1_000.0 else f"{value:.4g}"


def _users(value: float) -> str:
    shown = _short(value)
    return f"{shown} user{'' if shown == '1' else 's'}"
