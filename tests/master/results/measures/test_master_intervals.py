"""The record of an interval that lies in two levels, and in a phase that begins within it."""

from contributions import contribution
from histogram_samples import histogram_of
from raw_run import MS, S, Stretch, batch_of, plan_of, schedule_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_master.results.facts import SlotsFinished
from gradual_master.results.measures.intervals import IntervalWriter
from gradual_master.results.merging.sums import Measurements, Shape

INDEX = SeriesIndex.of(plan_of())
SHAPE = Shape(INDEX)


def test_users_and_target_are_means_over_the_interval() -> None:
    users = [(2, 1, 0.5, 0), (1, 0, 1, 0.5)], [(4, 2, 1, 0), (2, 0, 2, 1)]
    first = Stretch(0, 2 * S, 3 * S, [(0, "", 4 * MS)], users=users[0])
    second = Stretch(1, 3 * S, 4 * S, [(0, "", 8 * MS), (1, "reset", MS)], users=users[1])
    measured = Measurements(SHAPE)
    measured.add(contribution(batch_of(1, 1, first, second), SHAPE))
    schedule = schedule_of((2, 1), (4, 2), seconds=3)
    record = IntervalWriter(INDEX, schedule, 2 * S).write(1, measured.freeze(), 1, (), ())
    assert (record.start_s, record.end_s) == (2, 4)
    assert record.target == record.users == {"customer": 3, "guest": 1.5}
    assert record.stopping == {"customer": 0, "guest": 0.75}
    assert (record.in_flight, record.thinking) == (1.5, 2.25)
    assert (record.requests, record.throughput_rps, record.errors) == (3, 1, {"reset": 1})
    expected = histogram_of([4 * MS, 8 * MS])
    assert record.histogram == expected
    browse, buy = record.actions()
    assert (browse.group, browse.step, browse.requests, browse.failures) == ("customer", INDEX.steps[0].name, 2, 0)
    assert browse.histogram == expected
    assert browse.response_time_ms.max == 8
    assert (buy.step, buy.errors, buy.histogram.count) == (INDEX.steps[1].name, {"reset": 1}, 0)


def test_a_record_of_warm_up_is_flagged() -> None:
    writer = IntervalWriter(INDEX, schedule_of((2, 1), (4, 2), warm_up=1), S)
    empty = Measurements(SHAPE).freeze()
    flags = [
        (writer.write(number, empty, 0, (), ()).phase, writer.write(number, empty, 0, (), ()).warm_up)
        for number in (0, 2, 4)
    ]
    assert flags == [("warm", True), ("main", False), ("", False)]


def test_slots_that_ended_for_good_are_scheduled_no_more() -> None:
    writer = IntervalWriter(INDEX, schedule_of((4, 2), seconds=9), S)
    empty = Measurements(SHAPE).freeze()
    before = writer.write(0, empty, 0, (), ()).target
    writer.leave_out((SlotsFinished(7 * S + S // 2, 0, 3), SlotsFinished(9 * S, 1, 1)), 7 * S)
    targets = [writer.write(number, empty, 0, (), ()).target for number in (0, 1, 2)]
    assert before == {"customer": 4, "guest": 2}
    assert targets == [
        {"customer": 2.5, "guest": 2},
        {"customer": 1, "guest": 2},
        {"customer": 1, "guest": 1},
    ]
