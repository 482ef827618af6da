"""Every completed sample is reported once, in order, as batches count it; first failures are always picked."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import pytest
from agent_recording import HEALTH, INDEX, OFFSET, Clock, S, cells, recorder, sample
from histogram_samples import unpack_histograms
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.recording import single_samples
from gradual_agent.recording.recorder import Recorder
from gradual_agent.recording.single_samples import (
    CANDIDATES,
    MAX_STATUS_CODES,
    ExemplarPicker,
    LoggedStepRecord,
    SampleLog,
)
from gradual_agent.recording.step_record import StepRecord
from gradual_agent.runtime.sample import Sample
from gradual_common.kinds.failures import KIND, KINDS
from gradual_common.protocol.batch import MEASURES, Batch
from gradual_common.protocol.samples import (
    FIRST_SHOWN,
    MAX_SAMPLES,
    MAX_TRACED_SAMPLES,
    RANDOM_SHOWN,
    TRACE_BYTES,
    Exemplar,
    SampleColumns,
)
from gradual_master.results.measures.error_samples import ErrorSamples

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
        ended = sample(clock.now, kind, started=clock.now - duration, slot=slot)
        if kind == "connect":
            ended.status_code = 0
        made.steps[number].record(ended)
        if kind != "interrupted":
            completed.append((number, kind, clock.now + OFFSET, slot, ended.status_code))
    clock.now += 1
    batches.append(made.seal(len(batches), OFFSET, HEALTH, last=True))
    return SampleDetail([*blocks, *log.take(OFFSET)], batches), completed


@given(history)
def test_every_completed_sample_is_reported_once_in_the_order_in_which_it_ended(
    history: list[tuple[int, int, str, int, int]],
) -> None:
    reported, completed = play(history)
    assert [row[1:] for row in rows(reported.blocks)] == completed


@given(history)
def test_what_is_reported_is_what_the_batches_of_the_same_frames_count(
    history: list[tuple[int, int, str, int, int]],
) -> None:
    reported, _ = play(history)
    counted: Counter[tuple[int, int, str]] = Counter()
    for batch in reported.batches:
        counted.update(cells(batch))
    assert Counter(row[:3] for row in rows(reported.blocks)) == counted


@given(history)
def test_the_times_that_are_reported_are_those_in_the_batches_histograms(
    history: list[tuple[int, int, str, int, int]],
) -> None:
    reported, _ = play(history)
    times: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for block in reported.blocks:
        for number, kind, duration in zip(
            block.step.tolist(), block.kind.tolist(), block.duration.tolist(), strict=True
        ):
            if kind != KIND["connect"]:
                times[number, kind].append(duration)
    merged: defaultdict[tuple[int, int], list[tuple[int, int, int, int]]] = defaultdict(list)
    for batch in reported.batches:
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


def test_a_sample_is_reported_with_the_level_in_which_it_ended() -> None:
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


def test_only_closed_frames_are_reported() -> None:
    made, _, log = logging_recorder()
    made.steps[0].record(sample(500))
    assert list(log.take(0)) == []
    made.roll(S)
    assert len(next(log.take(0))) == 1
    assert list(log.take(0)) == [], "nothing is reported twice"


def test_what_falls_into_a_frame_without_length_is_reported_with_the_next() -> None:
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


def test_the_offset_is_added_to_starts_and_to_nothing_else() -> None:
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
    repeated = sample(900)
    for slot in range(2 * MAX_SAMPLES + 5):
        repeated.slot = slot
        made.steps[0].record(repeated)
    made.roll(S)
    blocks = list(log.take(0))
    assert [len(block) for block in blocks] == [MAX_SAMPLES, MAX_SAMPLES, 5]
    assert [slot for block in blocks for slot in block.slot.tolist()] == list(range(2 * MAX_SAMPLES + 5))


def test_a_sample_that_was_sent_by_a_traced_step_names_its_trace() -> None:
    clock, log = Clock(), SampleLog(frozenset({1}))
    made = Recorder(INDEX, clock, log)
    made.schedule(0, S, [(0, 0)])
    traced = sample(900)
    traced.trace = f"00-{7:032x}-{1:016x}-01"
    unsent = sample(901, "connect")
    unsent.trace, unsent.messages = traced.trace, 0
    for step, one in ((1, traced), (0, traced), (1, unsent)):
        made.steps[step].record(one)
    made.steps[1].record(sample(902, "interrupted"))
    made.roll(S)
    (block,) = log.take(0)
    ids = block.trace.reshape(len(block), TRACE_BYTES)
    assert [int.from_bytes(row.tobytes()) for row in ids] == [7, 0, 0]


def test_traces_are_divided_as_their_samples_are() -> None:
    clock, log = Clock(), SampleLog(frozenset({0}))
    made = Recorder(INDEX, clock, log)
    made.schedule(0, S, [(0, 0)])
    repeated = sample(900)
    for number in range(1, MAX_TRACED_SAMPLES + 3):
        repeated.trace = f"00-{number:032x}-{1:016x}-01"
        made.steps[0].record(repeated)
    made.roll(S)
    blocks = list(log.take(0))
    ids = [int.from_bytes(row.tobytes()) for block in blocks for row in block.trace.reshape(-1, TRACE_BYTES)]
    assert [len(block.trace) for block in blocks] == [MAX_TRACED_SAMPLES * TRACE_BYTES, 2 * TRACE_BYTES]
    assert ids == list(range(1, MAX_TRACED_SAMPLES + 3))


def test_beyond_its_bound_samples_are_dropped_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_samples, "MAX_FRAME_BYTES", 3 * single_samples._ROW.itemsize)
    made, _, log = logging_recorder()
    for ended in (*range(100, 105), S, S + 1):
        made.steps[0].record(sample(ended))
    batch = made.seal(1, 0, HEALTH)
    assert batch.requests.sum() == 7
    assert [row[3] for row in rows(list(log.take(0)))] == [100, 101, 102, S, S + 1]


def test_without_a_reporter_that_wants_samples_there_is_no_cost() -> None:
    made, _ = recorder()
    assert {type(record) for record in made.steps} == {StepRecord}
    logged, _, _ = logging_recorder()
    assert {type(record) for record in logged.steps} == {LoggedStepRecord}


CHI_SQUARE_999 = {14: 36.12, 19: 43.82, 26: 54.05}
"""The 99.9th percentiles by degrees of freedom (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4)."""


def describe(_: int, sample: Sample) -> dict[str, Any]:
    return {"detail": sample.detail, "request": None, "response": None}


def failure(number: int, kind: str = "status") -> Sample:
    made = sample(1000 + number, kind, slot=number)
    made.detail = str(number)
    return made


def picked(number: int, seed: int, take_every: int = 50) -> list[Exemplar]:
    """What an agent reports of so many failures; `take_every`: after how many it is asked."""
    picker, reported = ExemplarPicker(describe, Random(seed)), []
    for index in range(number):
        picker.consider(0, failure(index))
        if index % take_every == 0:
            reported += picker.take(0)
    return reported + picker.take(0)


def chi_square(counts: list[int]) -> float:
    """Pearson's statistic against equal probabilities."""
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


@given(st.integers(0, 60), st.integers(0, 2**32))
def test_the_first_ones_are_always_reported_and_numbered_as_they_came(number: int, seed: int) -> None:
    reported = picked(number, seed)
    assert [exemplar.number for exemplar in reported] == sorted({exemplar.number for exemplar in reported})
    assert [exemplar.number for exemplar in reported][:FIRST_SHOWN] == list(range(min(number, FIRST_SHOWN)))
    assert all(exemplar.document["detail"] == str(exemplar.number) == str(exemplar.slot) for exemplar in reported)


class Keys(Random):
    """Keeps what it drew."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.drawn: list[float] = []

    def random(self) -> float:
        self.drawn.append(super().random())
        return self.drawn[-1]


@given(st.integers(0, 200), st.integers(0, 2**32))
def test_the_smallest_keys_of_all_failures_are_among_those_that_are_reported(number: int, seed: int) -> None:
    keys = Keys(seed)
    picker = ExemplarPicker(describe, keys)
    for index in range(number):
        picker.consider(0, failure(index))
    reported = picker.take(0)
    smallest = sorted(range(number), key=keys.drawn.__getitem__)[:CANDIDATES]
    assert set(smallest) <= {exemplar.number for exemplar in reported}
    assert all(exemplar.key == keys.drawn[exemplar.number] for exemplar in reported)


def test_every_failure_is_among_the_random_ones_with_the_same_probability() -> None:
    """Of 18 failures, the first three aside, five of 15 in each of 3000 runs; the counts pass a chi-square test."""
    counts: Counter[int] = Counter()
    for seed in range(3000):
        shown = ErrorSamples(INDEX)
        for exemplar in picked(18, seed, take_every=4):
            shown.add("a", exemplar)
        rows = shown.rows(0)
        assert [row.picked for row in rows] == ["first"] * FIRST_SHOWN + ["random"] * RANDOM_SHOWN
        assert [int(row.detail) for row in rows[:FIRST_SHOWN]] == list(range(FIRST_SHOWN))
        counts.update(int(row.detail) for row in rows[FIRST_SHOWN:])
    assert counts.keys() == set(range(FIRST_SHOWN, 18))
    assert chi_square(list(counts.values())) < CHI_SQUARE_999[14]


def test_what_several_agents_report_is_a_random_sample_of_all_their_failures() -> None:
    """Three agents with 15, 10 and 5 failures at instants of their own: whose it was does not matter."""
    sizes = {"a": 15, "b": 10, "c": 5}
    instants = {(agent, index): index * 7 + place for place, agent in enumerate(sizes) for index in range(sizes[agent])}
    first = set(sorted(instants, key=instants.__getitem__)[:FIRST_SHOWN])
    counts: Counter[tuple[str, int]] = Counter()
    for seed in range(3000):
        shown = ErrorSamples(INDEX)
        for place, (agent, size) in enumerate(sizes.items()):
            picker = ExemplarPicker(describe, Random(seed * 10 + place))
            for index in range(size):
                failed = failure(index)
                failed.ended = instants[agent, index]
                picker.consider(0, failed)
            for exemplar in picker.take(0):
                shown.add(agent, exemplar)
        rows = [(row.picked, (row.agent, int(row.detail))) for row in shown.rows(0)]
        assert {place for how, place in rows if how == "first"} == first
        counts.update(place for how, place in rows if how == "random")
    assert counts.keys() == instants.keys() - first
    assert chi_square(list(counts.values())) < CHI_SQUARE_999[26]


def test_kinds_and_steps_are_apart() -> None:
    picker = ExemplarPicker(describe, Random(1))
    for number in range(500):
        picker.consider(number % 2, failure(number, "status" if number % 4 < 2 else "timeout"))
    reported = picker.take(0)
    places = {(exemplar.step, KINDS[exemplar.kind]) for exemplar in reported}
    assert places == {(0, "status"), (1, "status"), (0, "timeout"), (1, "timeout")}
    for place in places:
        numbers = [exemplar.number for exemplar in reported if (exemplar.step, KINDS[exemplar.kind]) == place]
        assert numbers[:FIRST_SHOWN] == [0, 1, 2]
        assert len(numbers) >= CANDIDATES


def test_the_more_failures_the_rarer_one_is_reported() -> None:
    """8·ln(n/8) and some are expected (the sum of the probabilities 8/n to be among the smallest): 65 of 20,000."""
    reported = [len(picked(20_000, seed)) for seed in range(5)]
    assert all(40 < number < 100 for number in reported)


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_samples, "MAX_WAITING_EXEMPLARS", 4)
    described: list[str] = []

    def note(step: int, sample: Sample) -> dict[str, Any]:
        described.append(sample.detail)
        return describe(step, sample)

    picker = ExemplarPicker(note, Random(2))
    for number in range(8):
        picker.consider(0, failure(number))
    assert described == ["0", "1", "2", "3"], "what finds no room is not even described"
    assert len(picker.take(0)) == 4
    for number in range(8, 5000):
        picker.consider(0, failure(number))
    assert len(picker.take(0)) == 4, "there is room again"


def test_first_ones_find_room_and_are_reported_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """When everything fails at once, no step is left without an example."""
    monkeypatch.setattr(single_samples, "MAX_WAITING_EXEMPLARS", 4)
    picker = ExemplarPicker(describe, Random(2))
    for number in range(10 * 20):
        picker.consider(number // 20, failure(number))
    reported = [(exemplar.step, exemplar.number) for exemplar in picker.take(0)]
    assert reported == [*((step, number) for step in range(10) for number in range(FIRST_SHOWN)), (0, FIRST_SHOWN)]


def test_an_exchange_is_reported_once_in_run_time() -> None:
    picker = ExemplarPicker(describe, Random(3))
    picker.consider(1, failure(5, "reset"))
    (exemplar,) = picker.take(10_000)
    assert (exemplar.step, exemplar.kind, exemplar.number, exemplar.ended, exemplar.slot) == (
        1,
        KIND["reset"],
        0,
        11_005,
        5,
    )
    assert 0 <= exemplar.key < 1
    assert picker.take(10_000) == []


def failed_by(code: int, number: int = 0) -> Sample:
    made = failure(number)
    made.status_code = code
    return made


def test_each_status_code_has_first_ones_of_its_own() -> None:
    """A 503 that comes late among many 404 is not left without an example."""
    picker, reported = ExemplarPicker(describe, Random(1)), []
    for number in range(500):
        picker.consider(0, failed_by(404, number))
    picker.take(0)
    for number in range(500, 510):
        picker.consider(0, failed_by(503, number))
    reported = picker.take(0)
    assert [exemplar.number for exemplar in reported][:FIRST_SHOWN] == list(range(FIRST_SHOWN))


def test_a_system_that_makes_codes_up_does_not_get_an_example_of_each() -> None:
    picker = ExemplarPicker(describe, Random(1))
    for code in range(400, 400 + 2 * MAX_STATUS_CODES):
        picker.consider(0, failed_by(code))
        picker.consider(1, failed_by(code))
    firsts = Counter((exemplar.step, exemplar.number) for exemplar in picker.take(0))
    assert (firsts[0, 0], firsts[1, 0]) == (MAX_STATUS_CODES + 1, MAX_STATUS_CODES + 1), "the others share one place"
