"""Every window of a length is looked at; one that is broken stays broken."""

from collections.abc import Sequence

from raw_run import MS, S, Stretch, aggregate_of, batch_of, plan_of, schedule_of

from gradual_master.results.judging.objectives.objective import ObjectiveRow


def judge(rule: str, seconds: Sequence[Sequence[int]], *, warm_up: int = 0) -> ObjectiveRow:
    """The rule's row over a run in which `seconds` has the response times of each second, ms; levels of 2 s."""
    schedule = schedule_of(*[(2, 1)] * (-(-len(seconds) // 2)), warm_up=warm_up)
    aggregate = aggregate_of(plan_of(thresholds=[{"rule": rule}]), schedule)
    for second, times in enumerate(seconds):
        stretch = Stretch(second // 2, second * S, (second + 1) * S, samples=[(0, "", ms * MS) for ms in times])
        aggregate.merge("a", batch_of(second + 1, second, stretch))
    aggregate.settle()
    return aggregate.judge()[0]


def test_the_worst_window_is_what_was_observed() -> None:
    row = judge("mean < 100ms for 2s", [[10], [20], [300], [20], [10], [10]])
    assert (row.observed, row.passed, row.samples) == (160, False, 2)
    assert row.first_failed_at_s == 3
    assert row.reason == "mean < 100ms for 2s: 160 ms over 2 samples from 1 s to 3 s; first broken at 3 s"


def test_what_a_run_as_a_whole_meets_one_window_can_break() -> None:
    seconds = [[10] * 50] * 8 + [[400] * 10] * 2 + [[10] * 50] * 8
    assert judge("p90 < 100ms", seconds).passed
    assert not judge("p90 < 100ms for 2s", seconds).passed


def test_a_window_as_long_as_no_interval_has_the_next_number_of_them() -> None:
    assert judge("count < 3 for 1500ms", [[1], [1], [1], [1]]).observed == 2


def test_windows_without_enough_samples_for_the_percentile_are_left_out() -> None:
    # A p90 needs ten samples.
    row = judge("p90 < 100ms for 2s", [[900], [900], *[[10] * 6] * 4])
    assert (row.observed, row.samples, row.passed) == (10, 12, True)


def test_if_no_window_is_left_there_is_no_data_and_that_fails() -> None:
    row = judge("p90 < 100ms for 2s", [[10], [10], [10], [10]])
    assert (row.observed, row.passed, row.reason) == (None, False, "p90 < 100ms for 2s: no data")


def test_a_window_in_which_nothing_ended_breaks_an_objective_on_the_rate() -> None:
    row = judge("throughput > 1/s for 2s", [[1, 1], [1, 1], [], [], [1, 1], [1, 1]])
    assert (row.observed, row.samples, row.first_failed_at_s) == (0, 0, 3)  # Of the first such window.


def test_a_count_that_is_to_be_reached_in_each_window_is_broken_at_once() -> None:
    assert judge("count >= 2 for 2s", [[1], [1], [], [1], [1], [1]]).first_failed_at_s == 3


def test_no_window_reaches_into_the_warm_up() -> None:
    row = judge("mean < 100ms for 2s", [[900], [900], [10], [30], [50], [10]], warm_up=1)
    assert (row.observed, row.passed) == (40, True)


def test_a_window_at_a_number_of_users_lies_in_levels_with_that_number() -> None:
    schedule = schedule_of((2, 1), (4, 2), (2, 1))
    aggregate = aggregate_of(plan_of(thresholds=[{"rule": "mean < 1s at 6 users for 2s"}]), schedule)
    for second in range(6):
        stretch = Stretch(second // 2, second * S, (second + 1) * S, samples=[(0, "", (second + 1) * 100 * MS)])
        aggregate.merge("a", batch_of(second + 1, second, stretch))
    aggregate.settle()
    row = aggregate.judge()[0]
    assert (row.observed, row.samples) == (350, 2)
