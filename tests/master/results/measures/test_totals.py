"""The run's totals: warm-up apart, the drain in counts but in no rate, response times of what responded."""

from raw_run import MS, S, Stretch, aggregate_of, batch_of, plan_of, schedule_of

from gradual_common.kinds.failures import KIND, OK
from gradual_common.protocol.batch import RESPONSE_TIME
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase
from gradual_master.results.measures.totals import Selection, Totals, share
from gradual_master.results.merging.sums import OUTSIDE

FAILURES = tuple(range(1, len(KIND)))


def totals_of(*stretches: Stretch, schedule: Schedule) -> Totals:
    aggregate = aggregate_of(plan_of(), schedule)
    for second, stretch in enumerate(stretches):
        aggregate.merge("a", batch_of(second + 1, second, stretch))
    aggregate.settle()
    return aggregate.totals


def one_each(level: int, second: int) -> Stretch:
    return Stretch(level, second * S, (second + 1) * S, [(0, "", 10 * MS)], iterations=[(1, 0), (0, 0)])


def test_a_warm_up_phase_is_in_no_total() -> None:
    totals = totals_of(one_each(0, 0), one_each(1, 1), schedule=schedule_of((2, 1), (4, 2), seconds=1, warm_up=1))
    assert totals.requests(totals.everything()) == 1
    assert totals.histogram(RESPONSE_TIME, totals.everything()).count == 1
    assert totals.seconds(totals.phases) == 1
    assert totals.sums(totals.measured).iterations[0, 0] == 1
    warm = Selection(totals.warm_up, (0,))
    assert totals.counter("sent", warm) == 1


def test_the_drain_counts_and_has_no_length() -> None:
    totals = totals_of(one_each(0, 0), one_each(OUTSIDE, 1), schedule=schedule_of((2, 1), seconds=1))
    everything = totals.everything()
    assert totals.requests(everything) == 2
    assert totals.requests(totals.within_phases(everything)) == 1
    assert totals.seconds(totals.measured) == 1


def test_a_pause_between_phases_belongs_to_none() -> None:
    changes = (Change(0, 3, (2, 1), 0, 0), Change(S, 0, (0, 0), 1, 1), Change(2 * S, 3, (2, 1), 2, 1))
    levels = (Level(0, 0, 0, S, 3), Level(1, 1, S, 2 * S, 0), Level(2, 1, 2 * S, 3 * S, 3))
    phases = (SchedulePhase(0, "one", 0, S, False), SchedulePhase(1, "two", 2 * S, 3 * S, False))
    schedule = Schedule(changes, levels, phases, 3 * S, ("customer", "guest"))
    totals = totals_of(one_each(0, 0), one_each(1, 1), one_each(2, 2), schedule=schedule)
    assert totals.seconds((0, 1)) == 2, "the pause is not measured"
    assert [totals.requests(Selection((phase,), (0,))) for phase in (0, 1, OUTSIDE)] == [1, 1, 1]


def test_times_are_of_all_kinds_that_the_agents_measured_them_for() -> None:
    samples = [(0, kind, 10 * MS) for kind in KIND]
    totals = totals_of(Stretch(0, 0, S, samples), schedule=schedule_of((2, 1), seconds=1))
    everything = totals.everything()
    assert totals.requests(everything) == len(KIND)
    assert totals.histogram(RESPONSE_TIME, everything).count == len(KIND) - 2, "all but connect and reset"
    failed = Selection(everything.phases, everything.steps, FAILURES)
    assert totals.requests(failed) == len(KIND) - 1
    asked = Selection(everything.phases, everything.steps, (KIND["status"],))
    assert totals.histogram(RESPONSE_TIME, asked).count == 1
    assert totals.by_kind(Selection(everything.phases, (1,))) == {}
    assert totals.by_kind(Selection(everything.phases, (0,), (OK,))) == {OK: 1}


def test_users_are_summed_by_group() -> None:
    stretch = Stretch(0, 0, S, users=[(2, 1, 1, 0), (1, 0, 1, 0.5)])
    totals = totals_of(stretch, schedule=schedule_of((2, 1), seconds=1))
    assert totals.sums(totals.phases).users.tolist() == [[2 * S, S, S, 0], [S, 0, S, S // 2]]


def test_a_share_of_nothing_is_not_a_share() -> None:
    assert share(1, 3) == 0.333333
    assert share(0, 0) is None
