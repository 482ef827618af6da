"""Samples that are shown one by one: all of them, for reporters that want to see them, and some that failed, described.

All of them are packed as they end, and made into columns by whole frames.
Hot path (STYLE 16): measured on one busy core, 0.35 µs a sample on top of its record, and nothing when nobody asks.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from struct import Struct
from typing import Any

import numpy as np

from gradual_agent.recording.frames import OpenFrame
from gradual_agent.recording.step_record import StepRecord
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.kinds.failures import BUILT_IN_KINDS, FailureKinds
from gradual_common.protocol.samples import FIRST_SHOWN, MOST_SAMPLES, RANDOM_SHOWN, Exemplar, SampleColumns

_PACK = Struct("<qqiHHB").pack
_ROW = np.dtype(
    [("started", "<i8"), ("duration", "<i8"), ("slot", "<i4"), ("status", "<u2"), ("step", "<u2"), ("kind", "u1")]
)
MOST_BYTES = 400_000 * _ROW.itemsize
"""What a frame may hold; an agent that made more has been stopped meanwhile, and reporters are told what is missing."""

CANDIDATES = FIRST_SHOWN + RANDOM_SHOWN
"""Keys that are kept: some may belong to the first ones, which are shown anyway."""

MOST_WAITING = 200
"""Exchanges that wait to be sent, mostly of a few KiB; beyond that only first ones are described: when everything fails
at once, each step has an example all the same."""

MOST_CODES = 16
"""Status codes of one step that have examples of their own; a system that makes codes up shares one more place."""

Place = tuple[int, int, int]
"""(step, kind, status code, or 0 where the kind says it all)."""

Describe = Callable[[int, Sample], dict[str, Any]]
"""Makes a failed exchange of a step plain JSON data, masked and bounded."""


class SampleLog:
    """The samples of the open frame, packed, and the closed ones that wait to be taken."""

    def __init__(self) -> None:
        self.open = bytearray()
        self._closed: list[tuple[int, bytearray]] = []

    def close_frame(self, level: int) -> None:
        """What was noted so far ended in this level."""
        if self.open:
            self._closed.append((level, self.open))
            self.open = bytearray()

    def take(self, offset: int) -> Iterator[SampleColumns]:
        """The closed frames' samples, in blocks that fit into a message; `offset`: run time − agent clock."""
        closed, self._closed = self._closed, []
        for level, packed in closed:
            rows = np.frombuffer(packed, dtype=_ROW)
            for begin in range(0, len(rows), MOST_SAMPLES):
                yield _columns(level, rows[begin : begin + MOST_SAMPLES], offset)


def _columns(level: int, rows: np.ndarray, offset: int) -> SampleColumns:
    others = {name: rows[name].copy() for name in ("duration", "slot", "step", "kind", "status")}
    return SampleColumns(level=level, started=rows["started"] + offset, **others)


class LoggedStepRecord(StepRecord):
    """A step whose samples are kept one by one, too."""

    def __init__(self, frame: OpenFrame, number: int, failures: FailureKinds, log: SampleLog) -> None:
        super().__init__(frame, number, failures)
        self._log = log

    def record(self, sample: Sample) -> None:
        """Count a sample that ended, and note it if it was completed."""
        StepRecord.record(self, sample)  # First, as this may close a frame that the sample is no part of.
        log, started, kind = self._log, sample.started, sample.kind
        if kind != INTERRUPTED and len(log.open) < MOST_BYTES:
            log.open += _PACK(started, sample.ended - started, sample.slot, sample.status_code, self.number, kind)


class ExemplarPicker:
    """Picks which failed exchanges are shown: of each step and kind of failure the first ones, and some by chance.

    Those that failed by their status are of one kind when they have the same code.

    Every failure draws a key, uniform in [0, 1); the smallest keys of any number of failures are a simple random sample
    of them, whoever drew them (bottom-k sampling; E. Cohen and H. Kaplan, PODC 2007). So an agent sends a failure when
    it is among its first, or its key among its smallest so far, and the master chooses in the same way among what
    agents send: of n failures some 8·ln(n/8) exchanges are described.
    """

    def __init__(self, describe: Describe, random: Random, failures: FailureKinds = BUILT_IN_KINDS) -> None:
        self._by_status = failures.by_status
        self._describe = describe
        self._random = random
        self._seen: dict[Place, int] = {}
        self._smallest: dict[Place, list[float]] = {}
        self._waiting: list[Exemplar] = []

    def consider(self, step: int, sample: Sample) -> None:
        """A sample of this step has failed."""
        place, key = self._place_of(step, sample), self._random.random()
        number = self._seen.get(place, 0)
        self._seen[place] = number + 1
        is_small = self._is_small(place, key) and len(self._waiting) < MOST_WAITING
        if is_small or number < FIRST_SHOWN:
            described = self._describe(step, sample)
            self._waiting.append(Exemplar(step, sample.kind, number, key, sample.ended, sample.slot, described))

    def _place_of(self, step: int, sample: Sample) -> Place:
        """Those that failed by their status are told apart by it, as long as there are not too many of them."""
        place = (step, sample.kind, sample.status_code if sample.kind in self._by_status else 0)
        if place not in self._seen and place[2]:
            others = sum(seen[:2] == place[:2] for seen in self._seen)
            place = place if others < MOST_CODES else (step, sample.kind, 0)
        return place

    def _is_small(self, place: Place, key: float) -> bool:
        smallest = self._smallest.setdefault(place, [])
        if len(smallest) == CANDIDATES:
            if key >= smallest[-1]:
                return False
            smallest.pop()
        insort(smallest, key)
        return True

    def take(self, offset: int) -> list[Exemplar]:
        """What was picked since the last time, in run time, the first ones first; `offset`: run time − agent clock."""
        waiting, self._waiting = sorted(self._waiting, key=lambda one: one.number >= FIRST_SHOWN), []
        return [replace(one, ended=one.ended + offset) for one in waiting]
