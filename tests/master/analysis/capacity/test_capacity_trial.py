"""A trial, block by block."""

from collections.abc import Iterable

import numpy as np
import pytest
from scripted_system import MS, Sums, measures_of

from gradual_common.rules.parser import parse_rule
from gradual_master.analysis.capacity.blocks import LevelBlock
from gradual_master.analysis.capacity.measure import measure_of
from gradual_master.analysis.capacity.settings import CapacitySettings
from gradual_master.analysis.capacity.trial import LevelTrial, TrialOutcome

SETTINGS = CapacitySettings(initial=10, max_concurrency=100, increment=10, hold_s=20.0)


def decide(
    rules: str | Iterable[str], sums: Iterable[Sums], steady_from_s: float | None = 0.0
) -> tuple[TrialOutcome | None, int]:
    """The outcome of a trial whose blocks of 1 s have these sums, and the number of blocks that it took."""
    trial = LevelTrial(SETTINGS, measures_of(*([rules] if isinstance(rules, str) else rules)), 0.0)
    second = 0
    for second, block in enumerate(sums):
        outcome = trial.take(LevelBlock(second, second + 1, block), steady_from_s)
        if outcome is not None:
            return outcome, second + 1
    return None, second + 1


def means(ms: float, spread: float = 0.0, seed: int = 1) -> Iterable[Sums]:
    """Blocks of 50 samples whose means scatter, without end."""
    random = np.random.default_rng(seed)
    while True:
        yield ((50 * MS * (ms + spread * float(random.standard_normal())), 50.0),)


def shares(share: float, seed: int = 1) -> Iterable[Sums]:
    """Blocks of 50 samples, some above the limit, without end."""
    random = np.random.default_rng(seed)
    while True:
        yield ((float(random.binomial(50, share)), 50.0),)


def test_a_clear_pass_takes_one_hold() -> None:
    outcome, blocks = decide("mean < 100ms", means(50, spread=5))
    assert outcome is not None
    assert (outcome.outcome, outcome.certain, blocks) == ("passed", True, 20)
    assert outcome.why == "all objectives are met with confidence"


def test_a_clear_failure_takes_one_hold() -> None:
    outcome, blocks = decide("mean < 100ms", means(150, spread=5))
    assert outcome is not None
    assert (outcome.outcome, outcome.certain, blocks) == ("failed", True, 20)


def test_a_plain_failure_spares_the_system() -> None:
    outcome, blocks = decide("mean < 100ms", means(400, spread=20))
    assert outcome is not None
    assert (outcome.outcome, outcome.certain) == ("failed", True)
    assert blocks < 10
    assert "mean < 100ms: " in outcome.why


def test_a_level_that_is_not_steady_can_fail_plainly_in_its_later_half() -> None:
    outcome, blocks = decide("mean < 100ms", means(400, spread=20), steady_from_s=None)
    assert outcome is not None
    assert outcome.outcome == "failed"
    assert blocks < 20


def test_slow_first_seconds_are_no_plain_failure() -> None:
    slow_start = (((50.0 * MS * (900 if second < 4 else 20), 50.0),) for second in range(200))
    trial = LevelTrial(SETTINGS, measures_of("mean < 100ms"), 0.0)
    outcome = None
    for second, sums in enumerate(slow_start):
        is_known = second >= 9
        outcome = trial.take(LevelBlock(second, second + 1, sums), 6.0 if is_known else None)
        if outcome is not None:
            break
    assert outcome is not None
    assert outcome.outcome == "passed"


def test_the_first_moments_of_a_level_are_no_plain_failure_though_intervals_are_short() -> None:
    """All new users connect at once, which takes two seconds here."""
    trial = LevelTrial(SETTINGS, measures_of("mean < 100ms"), 0.0)
    for number in range(300):
        begin_s, ms = number / 5, 900 if number < 10 else 20
        outcome = trial.take(LevelBlock(begin_s, begin_s + 0.2, ((10.0 * MS * ms, 10.0),)), 10.0)
        if outcome is not None:
            break
    assert outcome is not None
    assert outcome.outcome == "passed"


def test_what_nobody_named_and_nobody_did_decides_nothing() -> None:
    """`success_rate` of a step behind a condition that is never true; `*` over actions of which one is rare."""
    named, starred = parse_rule("mean < 100ms"), parse_rule("error_rate < 1%")
    for needs_data, expected in ((False, "passed"), (True, "undecided")):
        measures = [measure_of(named), measure_of(starred, needs_data=needs_data)]
        trial, outcome = LevelTrial(SETTINGS, measures, 0.0), None
        for second in range(61):
            outcome = outcome or trial.take(LevelBlock(second, second + 1, ((50.0 * 50 * MS, 50.0), (0.0, 0.0))), 0.0)
        assert outcome is not None
        assert outcome.outcome == expected


def test_what_is_close_to_the_limit_takes_longer() -> None:
    _, clear = decide("p95 < 500ms", shares(0.01))
    _, close = decide("p95 < 500ms", shares(0.035))
    assert clear == 20
    assert close in (30, 40, 50, 60)


def test_after_the_longest_hold_the_estimate_decides_and_says_so() -> None:
    outcome, blocks = decide("mean < 100ms", means(101, spread=30, seed=4))
    assert outcome is not None
    assert blocks == 60
    assert not outcome.certain
    assert outcome.outcome == ("failed" if (outcome.observed[0].value or 0) >= 100 else "passed")
    assert "estimate" in outcome.why


def test_a_share_of_nothing_needs_enough_samples_to_pass() -> None:
    """With no failure among n requests, the share may be as large as about 4.6/n (at 99 %)."""
    few = [((0.0, 10.0),)] * 100  # 600 after the longest hold, which bounds the share by 0.8 %.
    outcome, blocks = decide("error_rate < 1%", few)
    assert outcome is not None
    assert (outcome.outcome, outcome.certain) == ("passed", True)
    assert blocks == 50


@pytest.mark.parametrize("op", ["<", "<="])
def test_all_objectives_have_to_be_met_and_one_is_enough_to_fail(op: str) -> None:
    sums = [((50.0 * 50 * MS, 50.0), (10.0, 50.0))] * 60
    outcome, _ = decide([f"mean {op} 100ms", f"error_rate {op} 1%"], sums)
    assert outcome is not None
    assert outcome.outcome == "failed"
    assert outcome.why == f"error_rate {op} 1%: 20% failures"
    assert [seen.rule for seen in outcome.observed] == [f"mean {op} 100ms", f"error_rate {op} 1%"]


def test_a_level_that_only_misses_a_rate_has_too_few_users() -> None:
    outcome, blocks = decide(["mean < 100ms", "throughput > 200/s"], [((50.0 * 50 * MS, 50.0), (50.0, 1.0))] * 60)
    assert outcome is not None
    assert (outcome.outcome, outcome.too_few, blocks) == ("failed", True, 20)


def test_a_level_that_misses_a_rate_and_a_limit_has_too_many() -> None:
    outcome, _ = decide(["mean < 100ms", "throughput > 200/s"], [((50.0 * 150 * MS, 50.0), (50.0, 1.0))] * 60)
    assert outcome is not None
    assert (outcome.outcome, outcome.too_few) == ("failed", False)


def test_a_level_that_does_not_become_steady_is_undecided_in_the_end() -> None:
    outcome, blocks = decide("mean < 100ms", means(50), steady_from_s=None)
    assert outcome is not None
    assert (outcome.outcome, outcome.lack, blocks) == ("undecided", "not steady", 120)
    assert outcome.observed[0].value is None


def test_a_level_without_samples_is_undecided() -> None:
    outcome, blocks = decide("mean < 100ms", [((0.0, 0.0),)] * 100)
    assert outcome is not None
    assert (outcome.outcome, outcome.lack, blocks) == ("undecided", "no data", 60)
    assert outcome.why == "mean < 100ms: too few samples"


def test_time_in_which_users_were_missing_does_not_end_a_trial() -> None:
    """From 60 s to 125 s an agent is away: there are no blocks."""
    trial, outcome = LevelTrial(SETTINGS, measures_of("mean < 100ms"), 0.0), None
    for second in (*range(60), *range(125, 185)):
        assert outcome is None
        outcome = trial.take(LevelBlock(second, second + 1, ((50.0 * 50 * MS, 50.0),)), 125.0 if second > 140 else None)
        if outcome is not None:
            break
    assert outcome is not None
    assert (outcome.outcome, outcome.certain) == ("passed", True)


def test_a_system_that_never_answers_is_no_unsteady_one() -> None:
    """Its users wait for their first responses: a longer `hold` would change nothing."""
    outcome, _ = decide("mean < 100ms", [((0.0, 0.0),)] * 121, steady_from_s=None)
    assert outcome is not None
    assert (outcome.outcome, outcome.lack, outcome.why) == ("undecided", "no data", "no answer came")


def test_a_late_steady_part_is_judged_as_far_as_it_goes() -> None:
    outcome, blocks = decide("mean < 100ms", means(101, spread=30, seed=4), steady_from_s=80.0)
    assert outcome is not None
    assert blocks == 120
    assert not outcome.certain


def test_blocks_before_the_level_do_not_count() -> None:
    trial = LevelTrial(SETTINGS, measures_of("mean < 100ms"), 100.0)
    for second in range(100):
        assert trial.take(LevelBlock(second, second + 1, ((50.0 * 900 * MS, 50.0),)), 0.0) is None


@pytest.mark.parametrize(("share", "outcome"), [(0.05, "passed"), (0.05, "failed")])
def test_on_the_limit_a_certain_outcome_is_rare(share: float, outcome: str) -> None:
    """At most 5 % in each direction, over all five looks."""
    ended = [decide("p95 <= 500ms", shares(share, seed))[0] for seed in range(400)]
    assert sum(trial is not None and trial.certain and trial.outcome == outcome for trial in ended) <= 0.06 * 400


def test_a_mean_is_reported_in_ms_and_a_share_as_one() -> None:
    outcome, _ = decide(["mean < 100ms", "p95 < 500ms"], [((50.0 * 50 * MS, 50.0), (0.0, 50.0))] * 60)
    assert outcome is not None
    mean, share = outcome.observed
    assert (mean.value, mean.limit, mean.unit) == (50.0, 100.0, "ms")
    assert (share.value, share.low, share.unit) == (0.0, 0.0, "share")
    assert share.limit == pytest.approx(0.05)
