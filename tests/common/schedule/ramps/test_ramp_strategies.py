"""Ramps follow their formulas, and never go down unless they are written to."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.schedule.ramps.additive import AdditiveRamp
from gradual_common.schedule.ramps.levels import LevelsRamp
from gradual_common.schedule.ramps.linear import LinearRamp
from gradual_common.schedule.ramps.multiplicative import MultiplicativeRamp
from gradual_common.schedule.ramps.parsing import STRATEGIES, trace
from gradual_common.schedule.ramps.ramp import Curve, Ramp

S = 10**9
MINUTE = 60 * S

users_of = st.integers(1, 2000)
durations = st.integers(1, 600).map(lambda seconds: seconds * S)


def additive(**fields: object) -> AdditiveRamp:
    return AdditiveRamp.model_validate({"strategy": "additive", **fields})


def multiplicative(**fields: object) -> MultiplicativeRamp:
    return MultiplicativeRamp.model_validate({"strategy": "multiplicative", **fields})


def linear(**fields: object) -> LinearRamp:
    return LinearRamp.model_validate({"strategy": "linear", **fields})


def levels(*entries: tuple[int, str | None]) -> LevelsRamp:
    return LevelsRamp.model_validate(
        {"strategy": "levels", "levels": [{"concurrency": users, "for": length} for users, length in entries]}
    )


def shorthand(strategy: str) -> Ramp:
    return STRATEGIES[strategy].alone()


def seconds(curve: Curve) -> list[tuple[float, int]]:
    return [(at / S, target) for at, target in curve.steps]


def every(interval: int, *targets: int) -> list[tuple[float, int]]:
    return [(interval * k, target) for k, target in enumerate(targets)]


def target_at(curve: Curve, at: int) -> int:
    return [target for begin, target in curve.steps if begin <= at][-1]


def half_up(value: Fraction) -> int:
    return (value + Fraction(1, 2)).__floor__()


def test_golden_additive() -> None:
    curve = trace(additive(initial=10, increment=10, interval="30s", max_concurrency=100), 100, 10 * MINUTE)
    assert seconds(curve) == [(30 * k, 10 * (k + 1)) for k in range(10)]
    assert curve.reached_at == 270 * S


def test_golden_multiplicative() -> None:
    curve = trace(multiplicative(initial=5, multiplier=2, interval="1m", max_concurrency=80), 80, 10 * MINUTE)
    assert seconds(curve) == [(0, 5), (60, 10), (120, 20), (180, 40), (240, 80)]


@pytest.mark.parametrize(
    ("name", "ramp", "users", "duration", "expected"),
    [
        ("initial is the increment", additive(increment=5, interval=10), 12, MINUTE, [(0, 5), (10, 10), (20, 12)]),
        ("initial may be none", additive(initial=0, increment=6, interval=10), 12, MINUTE, [(0, 0), (10, 6), (20, 12)]),
        ("cut at the end", additive(increment=1, interval=10), 9, 30 * S, [(0, 1), (10, 2), (20, 3)]),
        ("initial above max", additive(initial=50, increment=1, interval=1, max_concurrency=9), 9, MINUTE, [(0, 9)]),
        ("no duration", additive(increment=5, interval=10), 10, None, [(0, 5), (10, 10)]),
        ("initial is one", multiplicative(multiplier=3, interval=10), 10, MINUTE, [(0, 1), (10, 3), (20, 9), (30, 10)]),
        (
            "half a user rounds up: 1, 1.5, 2.25, 3.375, 5.0625",
            multiplicative(multiplier=1.5, interval=10),
            5,
            2 * MINUTE,
            [(0, 1), (10, 2), (30, 3), (40, 5)],
        ),
        ("over is half the phase", linear(), 4, 8 * S, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]),
        ("once a second", linear(over="2s"), 100, 8 * S, [(0, 0), (1, 50), (2, 100)]),
        ("exactly at over", linear(over="2500ms"), 100, 8 * S, [(0, 0), (1.25, 50), (2.5, 100)]),
        ("down", linear(initial=4, max_concurrency=0), 4, 8 * S, [(0, 4), (1, 3), (2, 2), (3, 1), (4, 0)]),
        (
            "halves round up going down",
            linear(initial=5, max_concurrency=0),
            5,
            4 * S,
            [(0, 5), (1, 3), (2, 0)],
        ),
        ("within a second", linear(over="100ms"), 10, 8 * S, [(0, 0), (0.1, 10)]),
        ("longer than the phase", linear(over="10s"), 10, 3 * S, [(0, 0), (1, 1), (2, 2)]),
        ("levels up and down", levels((5, "10s"), (9, "5s"), (2, None)), 9, MINUTE, [(0, 5), (10, 9), (15, 2)]),
        ("the last holds", levels((5, "10s"), (9, "5s")), 9, MINUTE, [(0, 5), (10, 9)]),
        ("levels beyond the end", levels((5, "10s"), (9, "5s")), 9, 10 * S, [(0, 5)]),
        ("equal levels are one", levels((5, "10s"), (5, "5s"), (6, "1s")), 9, MINUTE, [(0, 5), (15, 6)]),
        ("ten steps", shorthand("additive"), 25, 200 * S, every(10, 3, 5, 8, 10, 13, 15, 18, 20, 23, 25)),
        ("at least one", shorthand("additive"), 3, 200 * S, [(0, 1), (40, 2), (80, 3)]),
        ("doublings", shorthand("multiplicative"), 150, 600 * S, every(50, 3, 6, 12, 24, 48, 96, 150)),
        ("no doubling", shorthand("multiplicative"), 1, 600 * S, [(0, 1)]),
        ("one doubling", shorthand("multiplicative"), 2, 600 * S, [(0, 1), (300, 2)]),
        ("nobody", shorthand("additive"), 0, 600 * S, [(0, 0)]),
        ("no ramp", None, 7, None, [(0, 7)]),
    ],
)
def test_ramps_as_written(
    name: str, ramp: Ramp | None, users: int, duration: int | None, expected: list[tuple[float, int]]
) -> None:
    assert seconds(trace(ramp, users, duration)) == expected, name


@given(users_of, durations, st.integers(0, 50), st.integers(1, 50), st.integers(1, 90))
def test_additive_follows_its_formula_everywhere(
    users: int, duration: int, initial: int, increment: int, interval: int
) -> None:
    curve = trace(additive(initial=initial, increment=increment, interval=interval), users, duration)
    for k in range(-(-duration // (interval * S))):
        for at in (k * interval * S, (k + 1) * interval * S - 1):
            assert target_at(curve, at) == min(users, initial + increment * k)


@given(users_of, durations, st.integers(1, 9), st.integers(101, 500), st.integers(1, 90))
def test_multiplicative_follows_its_formula_everywhere(
    users: int, duration: int, initial: int, percent: int, interval: int
) -> None:
    curve = trace(multiplicative(initial=initial, multiplier=percent / 100, interval=interval), users, duration)
    for k in range(min(40, -(-duration // (interval * S)))):
        exact = half_up(initial * Fraction(percent, 100) ** k)
        assert target_at(curve, k * interval * S) == min(users, exact)


@given(users_of, durations, st.integers(1, 400), st.integers(0, 2000))
def test_linear_follows_its_formula_at_every_second_and_ends_where_it_is_to(
    users: int, duration: int, over: int, initial: int
) -> None:
    start = min(initial, users)
    curve = trace(linear(initial=start, over=over), users, duration)
    for second in range(min(over, duration // S)):
        assert target_at(curve, second * S) == start + half_up(Fraction((users - start) * second, over))
    if over * S < duration:
        assert target_at(curve, over * S) == users
    gaps = [late - early for (early, _), (late, _) in zip(curve.steps, curve.steps[1:], strict=False)]
    assert all(gap >= S for gap in gaps)


ramps = st.one_of(
    st.builds(lambda i, n: additive(increment=i, interval=n), st.integers(1, 90), st.integers(1, 90)),
    st.builds(lambda m, n: multiplicative(multiplier=m, interval=n), st.floats(1.01, 9), st.integers(1, 90)),
    st.builds(lambda o: linear(over=o), st.integers(1, 900)),
    st.sampled_from([shorthand("additive"), shorthand("multiplicative"), linear(), None]),
)


@given(ramps, users_of, durations, st.integers(0, 3000))
def test_ramps_rise_and_stay_within_their_users(ramp: Ramp | None, users: int, duration: int, before: int) -> None:
    curve = trace(ramp, users, duration, before)
    instants, targets = zip(*curve.steps, strict=True)
    assert instants[0] == 0
    assert list(instants) == sorted(set(instants))
    assert instants[-1] < duration
    assert list(targets) == sorted(set(targets))
    assert targets[0] >= 0
    assert targets[-1] <= curve.goal == users


@given(users_of, durations)
def test_a_shorthand_reaches_everybody_by_the_middle(users: int, duration: int) -> None:
    for strategy in ("additive", "multiplicative"):
        reached = trace(shorthand(strategy), users, duration).reached_at
        assert reached is not None
        assert reached <= duration // 2


@pytest.mark.parametrize(
    ("ramp", "first"),
    [
        (additive(increment=10, interval="10s"), 40),
        (multiplicative(multiplier=2, interval="10s"), 40),
        (linear(), 40),
        (additive(initial=5, increment=10, interval="10s"), 5),  # what is written is kept
        (shorthand("additive"), 10),  # a shorthand has no `initial`
        (levels((7, None)), 7),
    ],
)
def test_initial_defaults_to_where_the_last_phase_ended(ramp: Ramp, first: int) -> None:
    assert trace(ramp, 100, MINUTE, before=40).steps[0] == (0, first)


def test_where_the_last_phase_ended_above_the_users_of_this_one_all_start() -> None:
    assert trace(linear(), 30, MINUTE, before=40).steps == ((0, 30),)


@pytest.mark.parametrize(
    ("ramp", "duration", "message"),
    [
        (additive(increment=1, interval="1s", max_concurrency=101), MINUTE, "rises to 101 users where"),
        (levels((500, None)), MINUTE, "rises to 500 users"),
        (linear(initial=200), MINUTE, "rises to 200 users"),
        (multiplicative(multiplier=1.000001, interval="1us"), MINUTE, "more than 1,000,000 intervals"),
        (linear(over="1000h"), None, "more than 1,000,000 steps"),
        (linear(), None, "needs a `duration`"),
        (shorthand("additive"), None, '"additive" alone needs a `duration`'),
        (shorthand("multiplicative"), None, '"multiplicative" alone needs a `duration`'),
    ],
)
def test_ramps_that_do_not_fit_are_refused(ramp: Ramp, duration: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trace(ramp, 100, duration)


def test_only_a_linear_ramp_that_moves_has_a_stretch() -> None:
    assert trace(linear(over="10s"), 10, MINUTE).ramping == 10 * S
    assert trace(linear(over="100s"), 10, MINUTE).ramping == MINUTE
    assert trace(linear(over="100s"), 10, None).ramping == 100 * S
    assert trace(linear(initial=10), 10, MINUTE).ramping == 0
    assert trace(shorthand("additive"), 10, MINUTE).ramping == 0


def test_a_strategy_that_says_nothing_of_its_bare_name_needs_more_than_that() -> None:
    with pytest.raises(ValueError, match="needs more than its name"):
        Ramp.alone()
