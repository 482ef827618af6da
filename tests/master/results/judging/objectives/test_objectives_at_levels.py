"""Objectives on levels: those with a number of users together, or each by itself."""

from typing import Any

import pytest
from raw_run import MS, S, Stretch, aggregate_of, batch_of, plan_of, schedule_of

from gradual_master.results.aggregate import Aggregate
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.merging.level_measurements import LevelMeasurements
from gradual_master.results.merging.sums import Contribution


def run_with(rule: str, *, seconds: int = 8, silent: int = 0, waiting: float = 0.0) -> Aggregate:
    """Levels of 2 s with 3, 6, 12 and 6 users; the response time is 100 ms for each user, in each of 10 samples.

    With `silent` users none is answered, and so many as `waiting` are in a request.
    """
    levels = [(2, 1), (4, 2), (8, 4), (4, 2)]
    aggregate = aggregate_of(plan_of(thresholds=[{"rule": rule}]), schedule_of(*levels))
    for second in range(seconds):
        users = sum(levels[second // 2])
        samples = [] if users == silent else [(0, "", users * 100 * MS)] * 5
        active = ((waiting, waiting, 0, 0), (0, 0, 0, 0))
        stretch = Stretch(second // 2, second * S, (second + 1) * S, samples=samples, users=active)
        aggregate.merge("a", batch_of(second + 1, second, stretch))
        aggregate.close(second)
    return aggregate


def judged(rule: str, *, seconds: int = 8, is_cut_short: bool = False, **made: Any) -> ObjectiveRow:
    """The rule's row at the end of such a run."""
    aggregate = run_with(rule, seconds=seconds, **made)
    aggregate.settle()
    return aggregate.judge(is_cut_short=is_cut_short)[0]


def test_levels_with_a_number_of_users_are_judged_together() -> None:
    row = judged("mean < 1s at 6 users")
    assert (row.observed, row.samples, row.passed) == (600, 20, True)


def test_levels_up_to_a_number_of_users_are_judged_together() -> None:
    row = judged("mean < 1s at <= 6 users")
    assert (row.observed, row.samples) == (500, 30)


def test_over_levels_the_worst_level_counts() -> None:
    row = judged("mean < 1s over levels")
    assert (row.observed, row.samples, row.passed) == (1200, 10, False)
    assert row.reason == "mean < 1s over levels: 1,200 ms over 10 samples at 12 users; first broken at 7 s"


def test_during_the_run_a_level_is_looked_at_when_it_is_over() -> None:
    aggregate = run_with("mean < 500ms at 6 users", seconds=4)
    assert aggregate.look(4)[0].observed is None
    assert run_with("mean < 500ms at 6 users", seconds=5).look(5)[0].observed == 600


def test_levels_that_a_cut_run_did_not_reach_are_not_judged() -> None:
    row = judged("mean < 2s at 12 users", seconds=3, is_cut_short=True)
    assert (row.observed, row.passed) == (None, None)


def test_a_rate_is_that_of_the_levels() -> None:
    assert judged("throughput > 4/s at 12 users").observed == 5


@pytest.mark.parametrize("part", ["over levels", "at <= 12 users", "at 12 users"])
def test_a_level_at_which_nothing_is_answered_does_not_pass(part: str) -> None:
    row = judged(f"mean < 1s {part}", silent=12, waiting=12.0)
    assert (row.observed, row.passed) == (None, False)
    assert row.reason == f"mean < 1s {part}: no data at 12 users"


def test_a_level_that_breaks_the_objective_is_named_rather_than_one_without_an_answer() -> None:
    row = judged("mean < 500ms over levels", silent=12, waiting=12.0)
    assert (row.observed, row.passed) == (600, False)


def test_a_rate_of_a_level_without_an_answer_is_0() -> None:
    row = judged("throughput > 1/s over levels", silent=12, waiting=12.0)
    assert (row.observed, row.passed) == (0, False)


@pytest.mark.parametrize("waiting", [0.0, 1.4])
def test_a_level_at_which_no_answer_was_due_is_not_missed(waiting: float) -> None:
    # 600 ms a response: 1.4 users in a request for 2 s are fewer than five of them.
    row = judged("mean < 1s over levels", silent=12, waiting=waiting)
    assert (row.observed, row.passed) == (600, True)


@pytest.mark.parametrize("rule", ["count >= 5 over levels", "count > 5 at <= 6 users", "throughput > 1/s over levels"])
def test_a_level_of_a_warm_up_is_not_judged(rule: str) -> None:
    aggregate = aggregate_of(plan_of(thresholds=[{"rule": rule}]), schedule_of((2, 1), (4, 2), warm_up=1))
    for second in range(4):
        stretch = Stretch(second // 2, second * S, (second + 1) * S, samples=[(0, "", MS)] * 5)
        aggregate.merge("a", batch_of(second + 1, second, stretch))
        aggregate.close(second)
    aggregate.settle()
    row = aggregate.judge()[0]
    assert (row.passed, row.samples, row.first_failed_at_s) == (True, 10, None)


def test_levels_are_added_up_again_only_when_one_of_them_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    judged = LevelMeasurements.judged

    def counted(self: LevelMeasurements, level: int) -> Contribution:
        looked_at.append(level)
        return judged(self, level)

    monkeypatch.setattr(LevelMeasurements, "judged", counted)
    aggregate = run_with("mean < 1s over levels")
    for _ in range(10):
        aggregate.look(8)
    assert sorted(looked_at) == [0, 1, 2]
    looked_at.clear()
    aggregate.merge("b", batch_of(1, 3, Stretch(1, 3 * S, 4 * S, samples=[(0, "", 5000 * MS)] * 90)))
    assert aggregate.look(8)[0].observed == pytest.approx(4560, rel=0.0055)
    assert looked_at == [1]
