"""Every sample is in the frame in which it ended, and user time is exact at every frame's end."""

from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.recorder import Recorder
from gradual_agent.sample import INTERRUPTED, Sample
from gradual_common.batch import (
    COUNTERS,
    KIND,
    KINDS,
    LOOP_LAG,
    MEASURES,
    START_LAG,
    Applied,
    Batch,
    Frame,
    Health,
)
from gradual_common.batch_checks import check_batch
from gradual_common.histogram import unpack_histograms
from gradual_common.plan.model import Plan
from gradual_common.series import SeriesIndex

S = 1_000_000_000
HEALTH = Health(0.5, 3, 2, 1)
OFFSET = 100 * S

PLAN = Plan.model_validate(
    {
        "config": {"duration": "1m", "base_url": "http://bank"},
        "users": [
            {"name": "a", "concurrency": 1, "behavior": ["x", "y"]},
            {"name": "b", "concurrency": 1, "behavior": ["x"]},
        ],
        "actions": {"x": {"url": "/"}, "y": {"url": "/"}},
    }
)
INDEX = SeriesIndex.of(PLAN)


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def recorder(levels: list[tuple[int, int]] | None = None, start: int = 0, now: int = 0) -> tuple[Recorder, Clock]:
    clock = Clock()
    clock.now = now
    made = Recorder(INDEX, clock)
    made.schedule(start, S, levels or [(start, 0)])
    return made, clock


def sample(ended: int, kind: str = "", **measured: int) -> Sample:
    made = Sample()
    made.reset(ended - 100)
    made.written, made.first_byte, made.ended = ended - 90, ended - 40, ended
    made.kind = INTERRUPTED if kind == "interrupted" else KIND[kind]
    made.messages, made.status_code = 1, 200
    made.bytes_sent, made.bytes_received = 10, 1000
    for name, value in measured.items():
        setattr(made, name, value)
    return made


def cells(batch: Batch) -> dict[tuple[int, int, str], int]:
    """Requests by (level, step, kind); iterations have the step numbers 3 and 4."""
    return {
        (batch.frames[frame].level, step, KINDS[kind]): requests
        for (frame, step, kind), requests in zip(batch.cells.tolist(), batch.requests.tolist(), strict=True)
    }


def counters(batch: Batch) -> dict[str, int]:
    return dict(zip(COUNTERS, batch.counters[:, 2:].sum(axis=0).tolist(), strict=True))


def times(batch: Batch, measure: str) -> list[tuple[int, int]]:
    """(count, sum) of each histogram of a measure."""
    return [
        (histogram.count, histogram.sum)
        for (_, number), histogram in unpack_histograms(batch.histograms)
        if MEASURES[number] == measure
    ]


def spans(batch: Batch) -> list[tuple[int, int, int]]:
    return [(frame.level, frame.begin, frame.end) for frame in batch.frames]


# ── Frames ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sample_is_in_the_interval_and_the_level_in_which_it_ended() -> None:
    made, _ = recorder([(0, 0), (S // 2, 1), (2 * S, 2)])
    for ended in (S // 2 - 1, S // 2, S - 1, S, 2 * S - 1, 2 * S):
        made.steps[0].record(sample(ended))
    first, second, third = (made.seal(interval, OFFSET, HEALTH) for interval in range(3))
    assert spans(first) == [(0, OFFSET, OFFSET + S // 2), (1, OFFSET + S // 2, OFFSET + S)]
    assert cells(first) == {(0, 0, ""): 1, (1, 0, ""): 2}
    assert (spans(second), cells(second)) == ([(1, OFFSET + S, OFFSET + 2 * S)], {(1, 0, ""): 2})
    assert (spans(third), cells(third)) == ([(2, OFFSET + 2 * S, OFFSET + 3 * S)], {(2, 0, ""): 1})
    assert [batch.number for batch in (first, second, third)] == [1, 2, 3]


def test_an_interval_without_anything_gives_a_batch_all_the_same() -> None:
    made, _ = recorder()
    batch = made.seal(0, OFFSET, HEALTH)
    check_batch(batch)
    assert spans(batch) == [(0, OFFSET, OFFSET + S)]
    assert batch.users.shape == (1, 2, 4)
    assert len(batch.cells) == len(batch.counters) == len(batch.histograms.keys) == 0


def test_what_falls_into_a_sealed_interval_goes_into_the_next() -> None:
    made, _ = recorder()
    assert cells(made.seal(0, 0, HEALTH)) == {}
    made.steps[0].record(sample(S - 5))
    assert cells(made.seal(1, 0, HEALTH)) == {(0, 0, ""): 1}


def test_the_last_batch_ends_now() -> None:
    made, clock = recorder([(0, 0), (S, -1)])
    clock.now = S + 300
    batch = made.seal(1, 0, HEALTH, last=True)
    assert batch.last
    assert spans(batch) == [(0, 0, S), (-1, S, S + 300)]


def test_an_agent_that_comes_later_begins_with_the_interval_it_comes_in() -> None:
    made, _ = recorder([(0, 4), (3 * S, 5)], now=2 * S + 7)
    assert spans(made.seal(2, 0, HEALTH)) == [(4, 2 * S, 3 * S)]


def test_before_the_schedule_is_known_there_is_nothing_to_seal() -> None:
    made = Recorder(INDEX, Clock())
    batch = made.seal(0, 0, HEALTH, last=True)
    check_batch(batch)
    assert (batch.frames, batch.last) == ((), True)


def test_a_level_that_comes_late_begins_when_it_is_known() -> None:
    made, clock = recorder([(0, 0)])
    made.steps[0].record(sample(500))
    clock.now = 700
    made.schedule(0, S, [(0, 0), (300, 1)])
    made.steps[0].record(sample(800))
    batch = made.seal(0, 0, HEALTH)
    assert spans(batch) == [(0, 0, 700), (1, 700, S)]
    assert cells(batch) == {(0, 0, ""): 1, (1, 0, ""): 1}


def test_levels_given_again_replace_those_ahead_and_leave_the_open_frame() -> None:
    made, clock = recorder([(0, 0), (S // 2, 1)])
    clock.now = 1000
    made.schedule(0, S, [(0, 0), (2000, -1)])
    assert spans(made.seal(0, 0, HEALTH)) == [(0, 0, 2000), (-1, 2000, S)]


def test_a_start_that_moves_before_it_has_come_moves_everything() -> None:
    made, clock = recorder(start=5 * S)
    clock.now = S
    made.schedule(7 * S, S, [(7 * S, 0), (8 * S, 1)])
    assert spans(made.seal(0, 0, HEALTH)) == [(0, 7 * S, 8 * S)]


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=5))
def test_a_corrected_offset_leaves_neither_gap_nor_overlap(corrections: list[int]) -> None:
    made, clock = recorder()
    batches = []
    for interval, correction in enumerate(corrections):
        clock.now = interval * S + S // 2
        made.schedule(correction, S, [(correction, 0)])
        batches.append(made.seal(interval, OFFSET - correction, HEALTH))
    found = [frame for batch in batches for frame in batch.frames]
    assert [frame.end for frame in found] == [OFFSET + (n + 1) * S for n in range(len(corrections))]
    assert [frame.begin for frame in found[1:]] == [frame.end for frame in found[:-1]]


def test_sealing_after_a_long_sleep_gives_each_interval_its_own_frame() -> None:
    made, clock = recorder()
    clock.now = 10 * S
    made.steps[0].record(sample(10 * S))
    batches = [made.seal(interval, 0, HEALTH) for interval in range(10)]
    assert all(spans(batch) == [(0, n * S, (n + 1) * S)] for n, batch in enumerate(batches))
    assert cells(made.seal(10, 0, HEALTH)) == {(0, 0, ""): 1}


# ── Samples ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_success_has_all_times_and_its_bytes() -> None:
    made, _ = recorder()
    made.steps[0].record(sample(1000))
    made.steps[0].record(sample(2000, connect=7))
    batch = made.seal(0, 0, HEALTH)
    check_batch(batch)
    assert times(batch, "response_time") == [(2, 200)]
    assert times(batch, "exchange") == [(2, 180)]
    assert times(batch, "ttfb") == [(2, 100)]
    assert times(batch, "connect") == [(1, 7)]
    assert batch.statuses.tolist() == [[0, 0, 200, 2]]
    assert (counters(batch)["sent"], counters(batch)["bytes_sent"], counters(batch)["bytes_received"]) == (2, 20, 2000)


def test_only_samples_with_a_response_and_timeouts_have_a_response_time() -> None:
    without = ("connect", "dns", "tls", "reset", "protocol", "proxy", "template")
    for kind in KINDS[1:]:
        made, _ = recorder()
        made.steps[0].record(sample(1000, kind))
        batch = made.seal(0, 0, HEALTH)
        check_batch(batch)
        assert cells(batch) == {(0, 0, kind): 1}
        assert bool(times(batch, "response_time")) is (kind not in without)
        assert bool(times(batch, "exchange")) is (kind not in without and kind != "timeout")
        assert bool(times(batch, "ttfb")) is (kind not in without and kind != "timeout")


def test_a_failure_that_opened_a_connection_has_its_connect_time() -> None:
    made, _ = recorder()
    made.steps[0].record(sample(1000, "reset", connect=5))
    assert times(made.seal(0, 0, HEALTH), "connect") == [(1, 5)]


def test_what_was_sent_is_taken_apart() -> None:
    made, _ = recorder()
    made.begun = 5
    step = made.steps[1]
    step.record(sample(1, messages=4, hops=2, resent=1))
    step.record(sample(2, "connect", messages=0, status_code=0))
    step.record(sample(3, "interrupted", messages=2, hops=1))
    step.record(sample(4, "interrupted", messages=0, status_code=0))
    step.record(sample(5, "timeout", messages=2, retried=1, status_code=0))
    step.skip(6)
    found = counters(made.seal(0, 0, HEALTH))
    assert found | {"bytes_sent": 0, "bytes_received": 0} == {
        "sent": 8,
        "unsent": 1,
        "interrupted": 1,
        "skipped": 1,
        "hops": 3,
        "retried": 1,
        "resent": 1,
        "bytes_sent": 0,
        "bytes_received": 0,
    }
    requests = 3
    assert found["sent"] == requests - 1 + 1 + 3 + 1 + 1
    assert made.begun == 4


def test_assertions_are_counted_one_by_one_over_every_response_that_was_judged() -> None:
    made, _ = recorder()
    step = made.steps[0]
    step.assertions = 3
    for _ in range(5):
        step.record(sample(1))
    step.record(sample(2, "assertion:json", failed_assertions=0b101))
    step.record(sample(3, "status", failed_assertions=0b001))
    step.record(sample(4, "extract"))
    step.record(sample(5, "timeout"))
    assert made.seal(0, 0, HEALTH).assertions.tolist() == [[0, 0, 0, 6, 2], [0, 0, 1, 8, 0], [0, 0, 2, 7, 1]]


def test_a_step_that_was_only_skipped_is_counted() -> None:
    made, _ = recorder()
    made.steps[2].skip(1)
    batch = made.seal(0, 0, HEALTH)
    assert (counters(batch)["skipped"], len(batch.cells)) == (1, 0)


# ── Users ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_iterations_are_a_series_of_their_own_for_each_group() -> None:
    made, _ = recorder()
    made.groups[0].finish_iteration(10, 500, False)
    made.groups[1].finish_iteration(20, 700, True)
    made.groups[1].finish_iteration(30, 300, False)
    batch = made.seal(0, 0, HEALTH)
    check_batch(batch)
    assert cells(batch) == {(0, 3, ""): 1, (0, 4, ""): 2}
    assert times(batch, "iteration") == [(1, 500), (2, 1000)]
    assert batch.iterations.tolist() == [[[1, 0], [2, 1]]]


def test_user_time_is_cut_exactly_at_the_ends_of_frames() -> None:
    made, _ = recorder([(0, 0), (300, 1)])
    meter = made.groups[1]
    meter.enter(100)
    meter.begin_request(200)
    meter.end_request(400)
    meter.begin_thinking(400)
    meter.end_thinking(S + 50)
    meter.begin_stopping(S + 60)
    meter.end_stopping(S + 90)
    first, second = made.seal(0, 0, HEALTH), made.seal(1, 0, HEALTH)
    assert first.users[:, 1].tolist() == [[200, 100, 0, 0], [S - 300, 100, S - 400, 0]]
    assert second.users[:, 1].tolist() == [[60, 0, 50, 30]]
    assert first.users[:, 0].tolist() == [[0] * 4] * 2


@given(st.lists(st.tuples(st.integers(0, 5 * S), st.integers(0, 5 * S)), max_size=20))
def test_over_all_frames_user_time_is_the_sum_of_all_stays(stays: list[tuple[int, int]]) -> None:
    made, _ = recorder([(0, 0), (S // 3, 1), (2 * S + 1, 2)])
    meter = made.groups[0]
    moves = sorted(
        [(min(stay), meter.enter) for stay in stays] + [(max(stay), meter.leave) for stay in stays], key=first
    )
    for at, move in moves:
        move(at)
    users = [made.seal(interval, 0, HEALTH).users for interval in range(6)]
    assert sum(int(column[:, 0, 0].sum()) for column in users) == sum(max(stay) - min(stay) for stay in stays)
    assert all((column >= 0).all() for column in users)


def first(pair: tuple[int, object]) -> int:
    return pair[0]


def test_a_stamp_from_before_the_frame_makes_no_time_negative_and_none_is_lost() -> None:
    made, _ = recorder()
    meter = made.groups[0]
    meter.enter(S - 500)
    made.roll(S)
    meter.leave(S - 100)
    batches = [made.seal(interval, 0, HEALTH) for interval in range(2)]
    meter.enter(2 * S + 50)
    meter.leave(2 * S + 250)
    batches.append(made.seal(2, 0, HEALTH))
    assert [int(batch.users[0, 0, 0]) for batch in batches] == [500, 0, 100]


# ── Health ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_health_lags_and_levels_are_told_once() -> None:
    made, _ = recorder()
    made.loop_lag(500)
    made.start_late(-3)
    made.start_late(900)
    applied = Applied(1, 2, 3)
    made.note_level(applied)
    batch, later = made.seal(0, 0, HEALTH), made.seal(1, 0, HEALTH)
    check_batch(batch)
    assert (batch.health, batch.applied) == (HEALTH, (applied,))
    assert batch.histograms.keys.tolist() == [[-1, LOOP_LAG], [-1, START_LAG]]
    assert times(batch, "loop_lag") == [(1, 500)]
    assert times(batch, "start_lag") == [(2, 900)]
    assert (later.applied, len(later.histograms.keys)) == ((), 0)
    assert isinstance(batch.frames[0], Frame)
