"""Every sample is in the frame in which it ended, and frames leave neither gap nor overlap."""

from agent_recording import HEALTH, INDEX, OFFSET, Clock, S, cells, recorder, sample, spans, times
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.recording.recorder import Recorder
from gradual_common.protocol.batch import LOOP_LAG, START_LAG, Applied, Frame
from gradual_common.protocol.batch_checks import check_batch


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


def test_an_agent_that_joins_later_starts_with_the_present_interval() -> None:
    made, _ = recorder([(0, 4), (3 * S, 5)], now=2 * S + 7)
    assert spans(made.seal(2, 0, HEALTH)) == [(4, 2 * S, 3 * S)]


def test_before_the_schedule_is_known_there_is_nothing_to_seal() -> None:
    made = Recorder(INDEX, Clock())
    batch = made.seal(0, 0, HEALTH, last=True)
    check_batch(batch)
    assert (batch.frames, batch.last) == ((), True)


def test_a_level_that_comes_late_starts_when_it_is_known() -> None:
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


def test_health_lags_and_levels_are_reported_once() -> None:
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


def test_lags_from_before_the_schedule_are_the_price_of_getting_ready() -> None:
    made, clock = recorder(start=10 * S)
    made.loop_lag(900)
    clock.now = 10 * S
    made.loop_lag(500)
    clock.now = 11 * S
    assert times(made.seal(0, 0, HEALTH), "loop_lag") == [(1, 500)]
