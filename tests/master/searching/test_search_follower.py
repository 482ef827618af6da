"""A search follows the closed intervals of a run; its result is judged and reported."""

import numpy as np
import pytest
from searched_run import Answer, SearchedRun, queue

from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.results.summary.sections import Summary

MS = 1_000_000


def found_in(summary: Summary) -> CapacityResult:
    assert summary.analysis.capacity is not None
    return summary.analysis.capacity


def test_the_capacity_of_a_queue_is_found() -> None:
    """47 users by exact mean value analysis: 20 ms of service, 1 s of thinking, a mean below 100 ms."""
    run = SearchedRun(queue())
    found = found_in(run.run())
    assert found.users is not None
    assert abs(found.users - 47) <= 4
    assert (found.confirmed, found.ended_by, found.recovered) == (True, "found", True)
    assert run.levels[:4] == [10, 20, 40, 80]


def test_a_run_that_confirms_a_capacity_has_passed_though_levels_broke_the_objective() -> None:
    summary = SearchedRun(queue()).run()
    assert (summary.verdict.status, summary.verdict.reasons) == ("passed", ())
    assert [row.name for row in summary.verdict.objectives] == ["error_rate < 100%"]
    assert summary.analysis.answer[0].startswith(f"It holds {found_in(summary).users} users with mean below 100 ms")


def test_the_levels_that_it_chose_are_rows_of_the_summary() -> None:
    run = SearchedRun(queue())
    summary = run.run()
    assert [row.target for row in summary.levels] == run.levels
    assert summary.fleet.missing_user_s == 0
    assert summary.groups[0].users_target == max(run.levels), "not the 200 that it might have climbed to"


@pytest.mark.parametrize(("limit", "status"), [(30, "passed"), (60, "failed")])
def test_a_capacity_is_an_objective(limit: int, status: str) -> None:
    summary = SearchedRun(queue(), thresholds=["mean < 100ms", f"capacity >= {limit} users"]).run()
    assert summary.verdict.status == status
    row = next(row for row in summary.verdict.objectives if row.name.startswith("capacity"))
    assert (row.observed, row.unit) == (found_in(summary).users, "users")
    assert (row.reason is None) == (status == "passed")
    if row.reason is not None:
        assert row.reason.startswith(f"capacity >= 60 users: {row.observed} users in {row.samples} trials")


def test_a_first_level_that_fails_is_a_failed_run() -> None:
    summary = SearchedRun(queue(), thresholds=["mean < 1ms"]).run()
    assert (summary.verdict.status, summary.verdict.code) == ("failed", 1)
    assert "find_capacity: already 10 users, the first level, did not hold" in summary.verdict.reasons[0]
    assert found_in(summary).ended_by == "initial fails"
    assert summary.totals.requests < 200, "a plain failure ends it after a few seconds"


def test_failures_fail_a_level_though_the_plan_does_not_speak_of_them() -> None:
    def refusing(users: int, random: np.random.Generator) -> list[Answer]:
        return [("status" if users > 25 and number % 5 == 0 else "", 5 * MS) for number in range(users)]

    summary = SearchedRun(refusing).run()
    found = found_in(summary)
    assert found.objectives == ("mean < 100ms", "error_rate < 5%")
    assert found.users is not None
    assert 23 <= found.users <= 25
    assert not any("no objective of the plan covers" in warning for warning in summary.verdict.warnings)


def test_a_system_that_never_becomes_steady_makes_the_run_invalid() -> None:
    def growing(users: int, random: np.random.Generator) -> list[Answer]:
        seen.append(users)
        return [("", len(seen) * MS // 8) for _ in range(users)]

    seen: list[int] = []
    summary = SearchedRun(growing, thresholds=["mean < 100ms"]).run()
    assert (summary.verdict.status, summary.verdict.code) == ("invalid", 3)
    assert "did not become steady" in summary.verdict.reasons[0]


def test_a_search_whose_time_is_over_has_confirmed_nothing() -> None:
    summary = SearchedRun(queue()).run(seconds=130)
    assert found_in(summary).ended_by == "duration"
    assert summary.verdict.status == "failed"
    assert "the duration was over before a capacity was confirmed" in summary.verdict.reasons[0]


def stopped_after(seconds: int) -> tuple[CapacityResult, Summary]:
    run = SearchedRun(queue())
    run.advance(seconds)
    summary = run.end(stop_signal="interrupt")
    assert summary.run.measured_s == seconds, "the search had not ended before"
    return found_in(summary), summary


def test_a_search_that_is_stopped_in_its_first_trial_knows_nothing() -> None:
    found, summary = stopped_after(30)
    assert (found.users, found.trials, found.ended_by) == (None, (), "stopped")
    assert (summary.verdict.status, summary.verdict.code) == ("interrupted", 130)
    assert summary.analysis.answer[0] == "No level was judged before the run was ended."


def test_a_search_that_is_stopped_in_a_later_trial_knows_what_held() -> None:
    found, summary = stopped_after(100)
    assert [(trial.users, trial.outcome) for trial in found.trials] == [(10, "passed")]
    assert (found.users, found.high, found.confirmed, found.ended_by) == (10, None, False, "stopped")
    assert summary.verdict.status == "interrupted"
    assert summary.analysis.answer[:2] == (
        "It holds at least 10 users with mean below 100 ms and error_rate below 5%.",
        "The run was ended before that was confirmed by a second trial.",
    )


def test_a_search_that_is_stopped_after_the_confirmation_has_confirmed() -> None:
    """Ten seconds after it, the overload is held, by which recovery would be judged."""
    whole = found_in(SearchedRun(queue()).run())
    (confirmed,) = [trial for trial in whole.trials if trial.purpose == "confirm"]
    found, summary = stopped_after(int(confirmed.ended_s) + 10)
    assert (found.users, found.confirmed, found.recovered) == (whole.users, True, None)
    assert (found.low, found.high, found.ended_by) == (whole.low, whole.high, "stopped")
    assert summary.verdict.status == "interrupted"
    assert not any("before that was confirmed" in sentence for sentence in summary.analysis.answer)


def test_seconds_with_missing_users_decide_nothing() -> None:
    run = SearchedRun(queue(), thresholds=["mean < 1ms"])
    for second in range(30):
        run.lose_users(second, 3.0)
    run.run(seconds=30)
    assert run.notes == []
    run.run(seconds=30)
    assert len(run.notes) == 1


def test_a_third_of_a_user_is_much_of_one() -> None:
    run = SearchedRun(queue(), thresholds=["mean < 1ms"], initial=1)
    for second in range(60):
        run.lose_users(second, 0.3)
    run.run(seconds=60)
    assert run.notes == []
    run.run(seconds=120)
    assert len(run.notes) == 1


@pytest.mark.parametrize("rule", ["mean < 100ms", "p95 < 100ms", "error_rate < 1%"])
def test_what_users_of_an_overload_still_wait_for_does_not_fail_the_next_level(rule: str) -> None:
    """Up to 17 users it answers in 5 ms. Those of 20 get their failures 40 s later, when a lower level is in force."""

    def answer(users: int, random: np.random.Generator) -> list[Answer]:
        if users > 17:
            overloads.append(users)
            return [("status", 2000 * MS) for _ in range(users)]
        late = [("status", 40_000 * MS)] * 4 if users > 10 and len(overloads) in (9, 10, 11) and len(seen) < 20 else []
        seen.extend([users] if users > 10 and overloads else [])
        return [*late, *(("", 5 * MS) for _ in range(users))]

    overloads: list[int] = []
    seen: list[int] = []
    found = found_in(SearchedRun(answer, thresholds=[rule]).run())
    assert [(trial.users, trial.outcome) for trial in found.trials[:3]] == [
        (10, "passed"),
        (20, "failed"),
        (15, "passed"),
    ]


def test_a_system_that_needs_45_s_to_work_off_an_overload_has_recovered() -> None:
    """Within 18 s after the overload its times are four times the limit, in every request."""

    def answer(users: int, random: np.random.Generator) -> list[Answer]:
        seconds.append(users)
        is_slow = users > 15 and any(former > 50 for former in seconds[-46:])
        mean = 400 if is_slow else 40
        return [("", max(1, int(random.normal(mean, mean / 10) * MS))) for _ in range(users)]

    seconds: list[int] = []
    found = found_in(SearchedRun(answer, thresholds=["p95 < 100ms"], settle="50s", hold="30s").run(7200))
    assert (found.users, found.confirmed, found.recovered) == (50, True, True)


def test_a_capacity_by_estimates_is_a_warning() -> None:
    """2 requests a second for 30 s are too few to bound p99 on either side."""

    def rare(users: int, random: np.random.Generator) -> list[Answer]:
        return [("", 5 * MS)] * 2

    summary = SearchedRun(rare, thresholds=["p99 < 100ms", "error_rate < 50%"], max_concurrency=10).run()
    found = found_in(summary)
    assert (found.users, found.confirmed, found.low) == (10, True, None)
    assert any("no trial was passed with confidence" in text for text in summary.verdict.warnings)


def test_what_users_measure_while_an_agent_stands_still_decides_nothing() -> None:
    run = SearchedRun(queue(), thresholds=["mean < 1ms"])
    run.stops = dict.fromkeys(range(30), 1.5)
    run.run(seconds=30)
    assert run.notes == []
    run.run(seconds=30)
    assert len(run.notes) == 1


@pytest.mark.parametrize("why", ["stands still", "lacks users", "is silent"])
def test_a_level_that_cannot_be_measured_is_given_up(why: str) -> None:
    """With hold: 10s a trial takes 90 s at most: of 500 s without a usable one, the level stays in force for 181."""
    run = SearchedRun(queue(), max_concurrency=20)
    for second in range(80, 580):
        match why:
            case "stands still":
                run.stops[second] = 1.2
            case "lacks users":
                run.lose_users(second, 2.0)
            case _:
                run.gaps.add(second)
    run.run(seconds=580)
    assert run.levels[:3] == [10, 20, 10]
    assert "20 users could not be judged (its users were not all running, or an agent stood still, for " in run.notes[1]


def test_a_gap_begins_the_level_anew() -> None:
    """When it is steady is known of what came after the gap: nothing before it decides."""

    def answer(users: int, random: np.random.Generator) -> list[Answer]:
        seen.append(users)
        return [("", (50 if len(seen) > 40 else 150) * MS) for _ in range(users)]

    seen: list[int] = []
    run = SearchedRun(answer, max_concurrency=10)
    run.gaps = {40, 41}
    first = found_in(run.run()).trials[0]
    assert (first.outcome, first.observed[0].value) == ("passed", 50.0)


def test_users_that_ended_for_good_end_the_search() -> None:
    """No level would have all of its users any more: the rest of the duration would be spent for nothing."""
    run = SearchedRun(queue())
    run.end_users(80, 4)
    summary = run.run()
    found = found_in(summary)
    assert (found.users, found.confirmed, found.ended_by) == (10, False, "users ended")
    assert summary.run.measured_s < 90
    assert summary.verdict.status == "failed"
    assert "users ended for good, as data was used up, before a capacity was confirmed" in summary.verdict.reasons[0]
    assert summary.analysis.answer[1] == "Users had ended for good before that was confirmed by a second trial."


def test_a_user_that_ended_elsewhere_does_not_end_the_search_when_an_agent_is_lost() -> None:
    """Of 10 users 5 are missing for 30 s. One slot has ended, which is none of theirs: the search goes on."""
    run = SearchedRun(queue(), max_concurrency=10)
    run.end_users(0, 1)
    for second in range(120):
        run.lose_users(second, 4.0 if 20 <= second < 50 else -1.0)
    summary = run.run(seconds=240)
    assert found_in(summary).ended_by == "not found below max"


def test_a_single_second_without_a_user_does_not_end_the_search() -> None:
    run = SearchedRun(queue(), max_concurrency=10)
    run.end_users(0, 1)
    for second in range(240):
        run.lose_users(second, 0.0 if second in (20, 40, 41, 42) else -1.0)
    assert found_in(run.run(seconds=240)).ended_by == "not found below max"


def test_a_capacity_that_may_be_the_generators_own_is_invalid() -> None:
    run = SearchedRun(queue())
    run.strained_above = 40
    run.run()
    assert run.end().verdict.status == "invalid"
    assert run.end(allow_saturated=True).verdict.status == "passed"


def test_an_overload_that_decides_nothing_may_saturate_an_agent() -> None:
    run = SearchedRun(queue(), thresholds=["p95 < 300ms"], increment=10, max_concurrency=200, precision="50%")
    run.strained_above = 150
    assert run.run().verdict.status == "passed"


def test_every_step_is_said_with_its_reason() -> None:
    run = SearchedRun(queue())
    run.run()
    assert run.notes[0] == "10 users held (all objectives are met with confidence); the next level has 20 users"
    assert any("did not hold (mean < 100ms: " in note for note in run.notes)
    assert run.notes[-1].endswith("the search for capacity is over")


def test_objectives_of_its_own_leave_the_thresholds_to_the_run() -> None:
    summary = SearchedRun(queue(), objectives=["mean < 100ms"], thresholds=["mean < 1ms"]).run()
    assert found_in(summary).users is not None
    assert summary.verdict.status == "failed"
    assert any(reason.startswith("mean < 1ms") for reason in summary.verdict.reasons)


@pytest.mark.parametrize(
    ("rule", "below"),
    [("p95 < 300ms", 60), ("success_rate > 99%", 201), ("throughput < 30/s", 35), ("p99(action=call) < 1s", 70)],
)
def test_every_kind_of_objective_decides(rule: str, below: int) -> None:
    found = found_in(SearchedRun(queue(), thresholds=[rule]).run())
    assert found.users is not None
    assert 20 <= found.users < below
