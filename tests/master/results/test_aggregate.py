"""Merging: exact, in any order, refusing what does not fit; intervals close in order, late batches still count."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from raw_run import MS, START, S, Stretch, aggregate_of, batch_of, plan_of, schedule_of

from gradual_common.clock import NS_PER_S
from gradual_common.errors import WireError
from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.failures import KIND
from gradual_common.protocol.batch import CONNECT, EXCHANGE, MEASURES, RESPONSE_TIME, Applied, Batch, Frame, Health
from gradual_common.protocol.codec import decode_agent_message, encode_agent_message
from gradual_common.protocol.messages import AgentMessage
from gradual_master.results.aggregate import KEPT_NS, Aggregate
from gradual_master.results.facts import SlotsFinished
from gradual_master.results.measures.totals import Selection

ALL = ((2, 1, 1, 0), (1, 0.5, 0.5, 0))


def new_aggregate(**plan: object) -> Aggregate:
    return aggregate_of(plan_of(**plan), schedule_of((2, 1), (4, 2)))


def exact(values: list[int]) -> Histogram:
    histogram = Histogram()
    histogram.add_many(np.array(values, dtype=np.int64))
    return histogram


def stretch(level: int, second: int, *samples: tuple[int, str, int], **measured: object) -> Stretch:
    return Stretch(level, second * S, (second + 1) * S, samples, users=ALL, **measured)  # type: ignore[arg-type]


def test_samples_of_all_agents_and_levels_are_one_histogram() -> None:
    rng = np.random.default_rng(7)
    aggregate = new_aggregate()
    everything: list[int] = []
    for second in range(4):
        for agent in ("a", "b"):
            times = rng.lognormal(17, 1, 300).astype(int).tolist()
            everything += times
            samples = [(number % 3, "", ns) for number, ns in enumerate(times)]
            aggregate.merge(agent, batch_of(second + 1, second, stretch(second // 2, second, *samples)))
        aggregate.close(second)
    merged = aggregate.totals.histogram(RESPONSE_TIME, aggregate.totals.everything())
    assert merged == exact(everything)
    for q in (0.5, 0.95, 0.99):
        truth = np.percentile(everything, 100 * q, method="inverted_cdf")
        assert abs((merged.quantile(q) or 0) - truth) <= 0.0055 * truth


def test_the_order_of_batches_does_not_matter() -> None:
    batches = [
        ("a", batch_of(1, 0, stretch(0, 0, (0, "", 5 * MS), (1, "status", 7 * MS)))),
        ("b", batch_of(1, 0, stretch(0, 0, (0, "", 6 * MS)))),
        ("a", batch_of(2, 1, Stretch(0, S, 2 * S, [(0, "", 9 * MS)]), Stretch(1, 2 * S, 2 * S + 1, [(2, "", MS)]))),
    ]
    results = []
    for order in permutations(batches):
        aggregate = new_aggregate()
        for agent, batch in order:
            aggregate.merge(agent, batch)
        records = [aggregate.close(0), aggregate.close(1)]
        everything = aggregate.totals.everything()
        results.append((records, aggregate.totals.by_kind(everything), aggregate.judge()))
    assert all(result == results[0] for result in results)


def test_a_record_says_what_was_measured_in_the_interval() -> None:
    aggregate = new_aggregate()
    samples = [(0, "", 10 * MS), (0, "status", 30 * MS), (1, "connect", 90 * MS), (1, "timeout", 50 * MS)]
    first = stretch(0, 0, *samples)
    aggregate.merge("a", batch_of(1, 0, first))
    record = aggregate.close(0)
    assert (record.number, record.start_s, record.end_s, record.phase, record.agents) == (0, 0, 1, "main", 1)
    assert record.target == {"customer": 2, "guest": 1}
    assert record.users == {"customer": 2, "guest": 1}
    assert (record.in_flight, record.thinking) == (1.5, 1.5)
    assert (record.requests, record.failures) == (4, 3)
    assert (record.throughput_rps, record.request_rate_rps) == (1, 4)
    assert record.errors == {"status": 1, "timeout": 1, "connect": 1}
    assert record.response_time_ms.count == 3, "no response, no response time; but a timeout counts"
    assert record.response_time_ms.max == 50


def test_users_that_have_done_their_iterations_are_missing_in_no_record() -> None:
    aggregate = new_aggregate()
    aggregate.merge("a", batch_of(1, 0, stretch(0, 0, (0, "", 10 * MS))))
    record = aggregate.close(0, (SlotsFinished(aggregate.start + S // 2, 0, 2),))
    assert record.target == {"customer": 1, "guest": 1}


def test_an_interval_without_batches_is_empty_not_zero() -> None:
    record = new_aggregate().close(0)
    assert (record.requests, record.agents) == (0, 0)
    assert record.response_time_ms.p50 is None


def test_a_record_of_the_drain_lies_in_no_phase() -> None:
    aggregate = new_aggregate()
    for number in range(4):
        aggregate.close(number)
    aggregate.merge("a", batch_of(1, 4, Stretch(-1, 4 * S, 5 * S, [(0, "", MS)])))
    record = aggregate.close(4)
    assert (record.phase, record.target) == ("", {"customer": 0, "guest": 0})
    assert record.requests == 1


def test_intervals_close_in_order() -> None:
    aggregate = new_aggregate()
    with pytest.raises(ValueError, match="0 is next"):
        aggregate.close(1)


def test_a_late_batch_counts_but_changes_no_past_judgement() -> None:
    aggregate = new_aggregate(thresholds=[{"rule": "max < 100ms"}])
    aggregate.merge("a", batch_of(1, 0, stretch(0, 0, (0, "", 10 * MS))))
    aggregate.close(0)
    aggregate.close(1)
    aggregate.merge("b", batch_of(1, 0, stretch(0, 0, (0, "", 200 * MS))))
    record = aggregate.records[0]
    assert (record.requests, record.agents) == (2, 2)
    assert record.response_time_ms.max == 200
    assert record.objectives[0].passed is True, "as it was judged then"
    assert aggregate.close(2).objectives[0].passed is False, "the run so far has it"
    assert aggregate.levels.sums.over([0]).requests.sum() == 2


def test_the_last_two_minutes_of_records_are_kept() -> None:
    aggregate = new_aggregate()
    for number in range(200):
        aggregate.close(number)
    assert len(aggregate.records) == KEPT_NS // NS_PER_S
    assert aggregate.records[-1].number == 199
    aggregate.merge("a", batch_of(1, 3, stretch(1, 3, (0, "", MS))))
    assert aggregate.totals.requests(aggregate.totals.everything()) == 1, "older than any record, and still counted"


def test_settling_closes_what_is_open() -> None:
    aggregate = new_aggregate()
    aggregate.merge("a", batch_of(1, 2, stretch(1, 2, (0, "", MS))))
    aggregate.settle()
    assert [record.number for record in aggregate.records] == [0, 1, 2]
    assert aggregate.totals.requests(aggregate.totals.everything()) == 1


def test_two_frames_of_one_level_add_up() -> None:
    aggregate = new_aggregate()
    halves = [Stretch(0, 0, S // 2, [(0, "", MS)]), Stretch(0, S // 2, S, [(0, "", 3 * MS)])]
    aggregate.merge("a", batch_of(1, 0, *halves))
    aggregate.settle()
    codes = [aggregate.shape.code(0, 0, 0, RESPONSE_TIME)]
    assert aggregate.levels.judged(0).histograms.total(codes) == exact([MS, 3 * MS])


def test_a_batch_without_a_frame_is_merged_as_it_comes_over_the_wire() -> None:
    """An agent that is asked to end before its first interval, or at the end of one, has nothing to report."""
    aggregate = new_aggregate()
    sent = AgentMessage(batches=(batch_of(1, 0, last=True),))
    (batch,) = decode_agent_message(encode_agent_message(sent)).batches
    aggregate.merge("a", batch)
    assert aggregate.agents["a"].requests == 0


def test_every_series_is_kept_apart() -> None:
    aggregate = new_aggregate()
    other = [(0, "", EXCHANGE, 4 * MS), (0, "", CONNECT, 1 * MS), (3, "", 4, 20 * MS)]
    aggregate.merge("a", batch_of(1, 0, stretch(0, 0, (0, "", 5 * MS), other=other)))
    aggregate.settle()
    phases = aggregate.totals.measured
    assert aggregate.totals.histogram(EXCHANGE, Selection(phases, (0,))) == exact([4 * MS])
    assert aggregate.totals.histogram(CONNECT, Selection(phases, (0,))) == exact([MS])
    assert aggregate.totals.histogram(4, Selection(phases, (3,))) == exact([20 * MS])


def test_each_agent_has_its_requests_and_its_health() -> None:
    aggregate = new_aggregate()
    for number in range(20):
        health = Health(number / 20, 3, 3, late_starts=1)
        interrupted = {0: {"interrupted": 1}}
        measured = stretch(0, number, (0, "", MS), counters=interrupted)
        aggregate.merge(
            "a", batch_of(number + 1, number, measured, health=health, start_lags=[MS, 2 * MS], loop_lags=[MS])
        )
    agent = aggregate.agents["a"]
    assert (agent.requests, agent.merged, agent.late_starts, agent.is_complete) == (20, 40, 20, False)
    assert agent.cpu_p95 == pytest.approx(18 / 20)
    assert agent.start_lag == exact([MS, 2 * MS] * 20)
    assert agent.loop_lag == exact([MS] * 20)


def test_the_spread_is_between_the_first_and_the_last_agent_that_applied_a_level() -> None:
    aggregate = new_aggregate()
    for agent, late in (("a", 1), ("b", 9), ("c", 4)):
        applied = (Applied(0, START, START + late * MS),)
        aggregate.merge(agent, batch_of(1, 0, stretch(0, 0), applied=applied))
    assert aggregate.level_spread == 8 * MS


def test_the_most_users_at_once_are_seen_in_a_stretch_of_constant_users() -> None:
    aggregate = new_aggregate()
    low, high = Stretch(0, 0, S // 2, users=[(1, 0, 0, 0)] * 2), Stretch(1, S // 2, S, users=[(3, 0, 0, 0)] * 2)
    instant = Stretch(1, S, S + 1000, users=[(50, 0, 0, 0)] * 2)
    aggregate.merge("a", batch_of(1, 0, low, high, instant))
    aggregate.merge("b", batch_of(1, 0, low, high, instant))
    aggregate.settle()
    assert aggregate.users_max.round(3).tolist() == pytest.approx([6, 6], rel=0.001)


def test_the_start_and_the_end_of_the_levels_are_measured() -> None:
    aggregate = new_aggregate()
    assert aggregate.end == 0
    aggregate.merge("a", batch_of(1, 0, stretch(0, 0)))
    aggregate.merge("a", batch_of(2, 1, Stretch(0, S, S + 300 * MS), Stretch(-1, S + 300 * MS, 2 * S)))
    aggregate.settle()
    assert (aggregate.start, aggregate.end) == (START, S + 300 * MS)


def broken(name: str) -> Batch:
    """A batch in which one number has no place in the plan."""
    whole = batch_of(
        1,
        0,
        stretch(0, 0, (0, "", MS), statuses=[(0, 200, 1)], assertions=[(0, 0, 1, 0)]),
        loop_lags=[MS],
    )

    def changed(column: str, place: tuple[int, int], value: int) -> Batch:
        array = getattr(whole, column).copy()
        array[place] = value
        return replace(whole, **{column: array})

    keys = whole.histograms.keys.copy()
    match name:
        case "level":
            return replace(whole, frames=(Frame(9, START, START + S),))
        case "groups":
            return replace(whole, users=np.zeros((1, 3, 4), dtype=np.int64))
        case "cells step":
            return changed("cells", (0, 1), 5)
        case "cells frame":
            return changed("cells", (0, 0), -1)
        case "cells kind":
            return changed("cells", (0, 2), 99)
        case "counters step":
            return changed("counters", (0, 1), 3)
        case "statuses step":
            return changed("statuses", (0, 1), -1)
        case "statuses kind":
            return changed("statuses", (0, 2), len(KIND))
        case "assertions frame":
            return changed("assertions", (0, 0), 1)
        case "histograms cell":
            keys[0, 0] = 7
        case "histograms measure":
            keys[0, 1] = len(MEASURES)
        case "belong to the agent":
            keys[0, 0] = -1
    return replace(whole, histograms=replace(whole.histograms, keys=keys))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("level", r"levels that the schedule has not: \[9\]"),
        ("groups", "users is"),
        ("cells step", "cells names a step that is not there: allowed are 0 to 4"),
        ("cells frame", "cells names a frame"),
        ("cells kind", "cells names a kind"),
        ("counters step", "counters names a step that is not there: allowed are 0 to 2"),
        ("statuses step", "statuses names a step"),
        ("statuses kind", "statuses names a kind"),
        ("assertions frame", "assertions names a frame"),
        ("histograms cell", "histograms names a cell"),
        ("histograms measure", "histograms names a measure"),
        ("belong to the agent", "belong to the agent"),
    ],
)
def test_a_batch_that_does_not_fit_the_plan_is_refused_whole(name: str, message: str) -> None:
    aggregate = new_aggregate()
    with pytest.raises(WireError, match=message):
        aggregate.merge("a", broken(name))
    aggregate.settle()
    assert aggregate.agents == {}
    assert aggregate.totals.requests(aggregate.totals.everything()) == 0
