"""Every completed sample is told once, in the order and the level in which it ended, as the batches count it."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
import pytest
from agent_recording import HEALTH, INDEX, OFFSET, Clock, S, cells, recorder, sample
from histogram_samples import unpack_histograms
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.recording import sample_log
from gradual_agent.recording.recorder import Recorder
from gradual_agent.recording.sample_log import LoggedStepRecord, SampleLog
from gradual_agent.recording.step_record import StepRecord
from gradual_common.kinds.failures import KIND, KINDS
from gradual_common.protocol.batch import MEASURES, Batch
from gradual_common.protocol.samples import MOST_SAMPLES, SampleColumns

LEVELS = [(0, 0), (S // 2, 1), (2 * S, 2)]


def logging_recorder(levels: list[tuple[int, int]] | None = None) -> tuple[Recorder, Clock, SampleLog]:
    clock, log = Clock(), SampleLog()
    made = Recorder(INDEX, clock, log)
    made.schedule(0, S, levels or [(0, 0)])
    return made, clock, log


def rows(blocks: list[SampleColumns]) -> list[tuple[int, int, str, int, int, int]]:
    """(level, step, kind, ended, slot, status) of every sample."""
    return [
        (block.level, step, KINDS[kind], started + duration, slot, status)
        for block in blocks
        for started, duration, slot, step, kind, status in zip(
            *(getattr(block, name).tolist() for name in ("started", "duration", "slot", "step", "kind", "status")),
            strict=True,
        )
    ]


@dataclass(frozen=True)
class SampleDetail:
    """What some seconds gave: the samples one by one, and the batches of the same frames."""

    blocks: list[SampleColumns]
    batches: list[Batch]


outcome = st.sampled_from(["", "", "status", "timeout", "connect", "interrupted"])
step = st.integers(0, 2)
gap = st.integers(0, S) | st.sampled_from([0, S // 2, S])
history = st.lists(st.tuples(gap, step, outcome, st.integers(1, 10**10), st.integers(0, 500)), max_size=40)


def play(history: list[tuple[int, int, str, int, int]]) -> tuple[SampleDetail, list[tuple[int, str, int, int, int]]]:
    """Record samples that end one after the other, seal on time; and what completed, in that order."""
    made, clock, log = logging_recorder(LEVELS)
    blocks, batches, completed = [], [], []
    for wait, number, kind, duration, slot in history:
        clock.now += wait
        while (len(batches) + 1) * S <= clock.now:
            batches.append(made.seal(len(batches), OFFSET, HEALTH))
            blocks += log.take(OFFSET)
        one = sample(clock.now, kind, started=clock.now - duration, slot=slot)
        if kind == "connect":
            one.status_code = 0
        made.steps[number].record(one)
        if kind != "interrupted":
            completed.append((number, kind, clock.now + OFFSET, slot, one.status_code))
    clock.now += 1
    batches.append(made.seal(len(batches), OFFSET, HEALTH, last=True))
    return SampleDetail([*blocks, *log.take(OFFSET)], batches), completed


@given(history)
def test_every_completed_sample_is_told_once_in_the_order_in_which_it_ended(
    history: list[tuple[int, int, str, int, int]],
) -> None:
    told, completed = play(history)
    assert [row[1:] for row in rows(told.blocks)] == completed


@given(history)
def test_what_is_told_is_what_the_batches_of_the_same_frames_count(
    history: list[tuple[int, int, str, int, int]],
) -> None:
    told, _ = play(history)
    counted: Counter[tuple[int, int, str]] = Counter()
    for batch in told.batches:
        counted.update(cells(batch))
    assert Counter(row[:3] for row in rows(told.blocks)) == counted


@given(history)
def test_the_times_that_are_told_are_those_in_the_batches_histograms(
    history: list[tuple[int, int, str, int, int]],
) -> None:
    told, _ = play(history)
    times: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for block in told.blocks:
        for number, kind, duration in zip(
            block.step.tolist(), block.kind.tolist(), block.duration.tolist(), strict=True
        ):
            if kind != KIND["connect"]:
                times[number, kind].append(duration)
    merged: defaultdict[tuple[int, int], list[tuple[int, int, int, int]]] = defaultdict(list)
    for batch in told.batches:
        for (cell, measure), histogram in unpack_histograms(batch.histograms):
            if MEASURES[measure] == "response_time":
                _, number, kind = batch.cells[cell].tolist()
                assert histogram.min is not None
                assert histogram.max is not None
                merged[number, kind].append((histogram.count, histogram.sum, histogram.min, histogram.max))
    parts = {place: tuple(zip(*found, strict=True)) for place, found in merged.items()}
    assert {
        place: (sum(counts), sum(sums), min(lows), max(highs)) for place, (counts, sums, lows, highs) in parts.items()
    } == {place: (len(found), sum(found), min(found), max(found)) for place, found in times.items()}


def test_a_sample_is_told_with_the_level_in_which_it_ended() -> None:
    made, _, log = logging_recorder(LEVELS)
    for ended in (S // 2 - 1, S // 2, S, 2 * S - 1, 2 * S):
        made.steps[0].record(sample(ended))
    made.roll(3 * S)
    assert [(row[0], row[3]) for row in rows(list(log.take(0)))] == [
        (0, S // 2 - 1),
        (1, S // 2),
        (1, S),
        (1, 2 * S - 1),
        (2, 2 * S),
    ]


def test_only_closed_frames_are_told_of() -> None:
    made, _, log = logging_recorder()
    made.steps[0].record(sample(500))
    assert list(log.take(0)) == []
    made.roll(S)
    assert len(next(log.take(0))) == 1
    assert list(log.take(0)) == [], "nothing is told twice"


def test_what_falls_into_a_frame_without_length_is_told_with_the_next() -> None:
    made, clock, log = logging_recorder()
    made.seal(0, 0, HEALTH)
    clock.now = S
    made.steps[0].record(sample(S))
    made.schedule(0, S, [(0, 0), (S, 7)])
    batch = made.seal(1, 0, HEALTH)
    assert [row[0] for row in rows(list(log.take(0)))] == [frame.level for frame in batch.frames] == [7]
    assert cells(batch) == {(7, 0, ""): 1}


def test_the_last_batch_and_the_last_samples_end_now() -> None:
    made, clock, log = logging_recorder([(0, 0), (S, -1)])
    clock.now = S + 300
    for ended in (S - 1, S + 200, S + 300):
        made.steps[1].record(sample(ended))
    batch = made.seal(1, 0, HEALTH, last=True)
    assert cells(batch) == {(0, 1, ""): 1, (-1, 1, ""): 2}
    assert [row[0] for row in rows(list(log.take(0)))] == [0, -1, -1]


def test_the_offset_is_added_to_begins_and_to_nothing_else() -> None:
    made, _, log = logging_recorder()
    made.steps[2].record(sample(900, "status", started=300, slot=7, status_code=503))
    made.roll(S)
    (block,) = log.take(OFFSET)
    assert {
        name: getattr(block, name).tolist() for name in ("started", "duration", "slot", "step", "kind", "status")
    } == {
        "started": [300 + OFFSET],
        "duration": [600],
        "slot": [7],
        "step": [2],
        "kind": [KIND["status"]],
        "status": [503],
    }
    assert block.started.dtype == np.int64


def test_blocks_fit_into_a_message() -> None:
    made, _, log = logging_recorder()
    one = sample(900)
    for slot in range(2 * MOST_SAMPLES + 5):
        one.slot = slot
        made.steps[0].record(one)
    made.roll(S)
    blocks = list(log.take(0))
    assert [len(block) for block in blocks] == [MOST_SAMPLES, MOST_SAMPLES, 5]
    assert [slot for block in blocks for slot in block.slot.tolist()] == list(range(2 * MOST_SAMPLES + 5))


def test_beyond_its_bound_samples_are_dropped_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_log, "MOST_BYTES", 3 * sample_log._ROW.itemsize)
    made, _, log = logging_recorder()
    for ended in (*range(100, 105), S, S + 1):
        made.steps[0].record(sample(ended))
    batch = made.seal(1, 0, HEALTH)
    assert batch.requests.sum() == 7
    assert [row[3] for row in rows(list(log.take(0)))] == [100, 101, 102, S, S + 1]


def test_nobody_who_does_not_ask_pays_for_it() -> None:
    made, _ = recorder()
    assert {type(record) for record in made.steps} == {StepRecord}
    logged, _, _ = logging_recorder()
    assert {type(record) for record in logged.steps} == {LoggedStepRecord}
