"""Ramps as pure functions: time since the phase began → target.

=====================  =====================================================================================
strategy               target at t, k = ⌊t/interval⌋
=====================  =====================================================================================
additive               min(max, initial + increment·k)
multiplicative         min(max, round_half_up(initial·multiplier^k))
linear                 initial + round_half_up((max − initial)·min(1, t/over)), changing at most once a second
levels                 as given; the last holds to the end
"additive" alone       max(1, round_half_up(N·min(10, k + 1)/10)), interval = duration/20
"multiplicative" alone min(N, i·2^k), i = max(1, ⌈N/64⌉), interval = duration/(2K), K = ⌈log₂(N/i)⌉
none                   N
=====================  =====================================================================================

Everything is integer or decimal arithmetic: the same curve on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from gradual_common.clock import NS_PER_S
from gradual_common.plan.model.ramps import (
    AdditiveRamp,
    LevelsRamp,
    LinearRamp,
    MultiplicativeRamp,
    Ramp,
    ShorthandRamp,
)

MOST_STEPS = 1_000_000
"""A ramp of more intervals than this is a slip of a unit, and would only fill memory."""

Step = tuple[int, int]
"""(at, target): from `at` ns since the phase began."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A ramp as traced: the first step is at 0, and every other changes the target.

    `goal`: the users that the ramp is written to reach, whether or not the phase leaves it the time. `ramping`: length
    in ns of the linear stretch at its begin, 0 for a ramp in levels.
    """

    steps: tuple[Step, ...]
    goal: int
    ramping: int = 0

    @property
    def last(self) -> int:
        """The target at the end."""
        return self.steps[-1][1]

    @property
    def peak(self) -> int:
        """The most users that the ramp has or is written to reach."""
        return max(self.goal, *(target for _, target in self.steps))

    @property
    def reached_at(self) -> int | None:
        """When the goal is reached for the first time, if it is."""
        return next((at for at, target in self.steps if target == self.goal), None)


def trace(ramp: Ramp | None, users: int, duration: int | None, before: int = 0) -> Curve:
    """The curve of `ramp` for a phase of `users` (N) that lasts `duration` ns; None: until all iterations are done.

    `before` is the target at which the last phase ended: as far as N allows, the default of `initial` where it is above
    0. Raises ValueError for what the plan's checks refuse: a ramp above N or of more than MOST_STEPS intervals, or one
    that needs a duration where there is none.
    """
    before = min(before, users)
    match ramp:
        case AdditiveRamp():
            curve = _additive(ramp, users, duration, before)
        case MultiplicativeRamp():
            curve = _multiplicative(ramp, users, duration, before)
        case LinearRamp():
            curve = _linear(ramp, users, duration, before)
        case LevelsRamp():
            curve = _levels(ramp, duration)
        case ShorthandRamp():
            curve = _shorthand(ramp, users, duration)
        case _:
            curve = Curve(((0, users),), users)
    if curve.peak > users:
        raise ValueError(f"the ramp rises to {curve.peak} users where the groups have {users}; raise a `concurrency`")
    return curve


def _curve(steps: Iterable[Step], duration: int | None, goal: int, ramping: int = 0) -> Curve:
    """Drop what lies beyond the end and what changes nothing."""
    kept: list[Step] = []
    for at, target in steps:
        if duration is not None and at >= duration:
            break
        if not kept or target != kept[-1][1]:
            kept.append((at, target))
    return Curve(tuple(kept), goal, ramping)


def _intervals(interval: int, duration: int | None) -> Iterator[tuple[int, int]]:
    """(k, k·interval) as far as the phase lasts."""
    k = 0
    while duration is None or k * interval < duration:
        if k >= MOST_STEPS:
            raise ValueError(
                f"the ramp has more than {MOST_STEPS:,} intervals of {interval} ns; give a longer interval"
            )
        yield k, k * interval
        k += 1


def _additive(ramp: AdditiveRamp, users: int, duration: int | None, before: int) -> Curve:
    """min(max, initial + increment·k)."""
    highest = _highest(ramp.max_concurrency, users)
    initial = _initial(ramp.initial, before, ramp.increment)

    def steps() -> Iterator[Step]:
        for k, at in _intervals(ramp.interval, duration):
            target = min(highest, initial + ramp.increment * k)
            yield at, target
            if target == highest:
                return

    return _curve(steps(), duration, highest)


def _multiplicative(ramp: MultiplicativeRamp, users: int, duration: int | None, before: int) -> Curve:
    """min(max, round_half_up(initial·multiplier^k)), to 60 digits: the multiplier is the decimal that was written."""
    highest = _highest(ramp.max_concurrency, users)
    multiplier = Decimal(repr(ramp.multiplier))

    def steps() -> Iterator[Step]:
        grown = Decimal(_initial(ramp.initial, before, 1))
        for _, at in _intervals(ramp.interval, duration):
            target = min(highest, int(grown.to_integral_value(ROUND_HALF_UP)))
            yield at, target
            if target == highest:
                return
            grown *= multiplier

    with localcontext(prec=60):
        return _curve(list(steps()), duration, highest)


def _linear(ramp: LinearRamp, users: int, duration: int | None, before: int) -> Curve:
    """initial + round_half_up((max − initial)·min(1, t/over)).

    Looked at ⌊over/1 s⌋ times in equal distances, so at most once a second, and exactly at `over`.
    """
    highest = _highest(ramp.max_concurrency, users)
    initial = _initial(ramp.initial, before, 0)
    over = ramp.over if ramp.over is not None else _needed(duration, "`linear` without `over`") // 2
    looks = max(1, over // NS_PER_S)
    if looks > MOST_STEPS:
        raise ValueError(f"the ramp has more than {MOST_STEPS:,} steps; give a shorter `over`")
    steps = ((over * n // looks, initial + _round_half_up((highest - initial) * n, looks)) for n in range(looks + 1))
    ramping = 0 if initial == highest else over if duration is None else min(over, duration)
    return _curve(steps, duration, highest, ramping)


def _levels(ramp: LevelsRamp, duration: int | None) -> Curve:
    """One after the other; one without `for` holds to the end, and so does the last."""

    def steps() -> Iterator[Step]:
        at = 0
        for level in ramp.levels:
            yield at, level.concurrency
            if level.for_ is None:
                return
            at += level.for_

    return _curve(steps(), duration, max(level.concurrency for level in ramp.levels))


def _shorthand(ramp: ShorthandRamp, users: int, duration: int | None) -> Curve:
    """Ten equal steps, or doublings, over the first half of the phase."""
    length = _needed(duration, f'ramp_up: "{ramp.strategy}" alone')
    if users == 0:
        return Curve(((0, 0),), 0)
    if ramp.strategy == "additive":
        steps = [(length * k // 20, max(1, _round_half_up(users * (k + 1), 10))) for k in range(10)]
    else:
        initial = max(1, -(-users // 64))
        doublings = (-(-users // initial) - 1).bit_length()
        steps = [(length * k // max(1, 2 * doublings), min(users, initial << k)) for k in range(doublings + 1)]
    return _curve(steps, duration, users)


def _highest(max_concurrency: int | None, users: int) -> int:
    return users if max_concurrency is None else max_concurrency


def _initial(written: int | None, before: int, default: int) -> int:
    """As written; else where the last phase ended, if above 0; else the strategy's own."""
    return written if written is not None else before or default


def _needed(duration: int | None, what: str) -> int:
    if duration is None:
        raise ValueError(f"{what} needs a `duration`")
    return duration


def _round_half_up(numerator: int, denominator: int) -> int:
    """⌊x + ½⌋ of a fraction of either sign."""
    return (2 * numerator + denominator) // (2 * denominator)
