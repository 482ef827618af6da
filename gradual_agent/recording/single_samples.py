"""Single samples: all of them (`SampleLog`), if a reporter wants them, and some failed exchanges (`ExemplarPicker`).

Samples are packed as they end, and become columns when their frame is taken.
Hot path (docs/design/style.md, 16): measured on one busy core, 0.35 µs per sample beyond its record, and nothing if no
reporter wants single samples.
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
from gradual_common.protocol.samples import (
    FIRST_SHOWN,
    MAX_SAMPLES,
    MAX_TRACED_SAMPLES,
    RANDOM_SHOWN,
    TRACE_BYTES,
    Exemplar,
    SampleColumns,
)

_PACK = Struct("<qqiHHB").pack
_ROW = np.dtype(
    [("started", "<i8"), ("duration", "<i8"), ("slot", "<i4"), ("status", "<u2"), ("step", "<u2"), ("kind", "u1")]
)
MAX_FRAME_BYTES = 400_000 * _ROW.itemsize
"""Samples of one frame beyond this are dropped, so that a paused agent does not run out of memory. Reporters learn how
many are missing."""

TRACE_ID = slice(3, 35)
"""Its place in a traceparent."""

NO_TRACE = bytes(TRACE_BYTES)

CANDIDATES = FIRST_SHOWN + RANDOM_SHOWN
"""Keys that are kept. Some may belong to the first failures, which are shown anyway."""

MAX_WAITING_EXEMPLARS = 200
"""Exchanges that wait to be sent, mostly of a few KiB. Beyond that only first failures are described, so that each step
has an example when everything fails at once."""

MAX_STATUS_CODES = 16
"""Status codes per step that have their own examples; all further codes share one scope."""

Scope = tuple[int, int, int]
"""(step, kind, status code; 0 for a kind that is not by status)."""

Describe = Callable[[int, Sample], dict[str, Any]]
"""Turns a failed exchange of a step into JSON data, masked and bounded."""


class SampleLog:
    """The samples of the open frame, packed, and the closed ones that wait for `take`."""

    def __init__(self, traced: frozenset[int] = frozenset()) -> None:
        """`traced`: the steps whose samples name their trace."""
        self.open = bytearray()
        self.traces = bytearray()
        """The trace-id of each sample in `open`; nothing if no step is traced."""
        self._traced = traced
        self._closed: list[tuple[int, bytearray, bytearray]] = []

    def record_of(self, frame: OpenFrame, number: int, failures: FailureKinds) -> LoggedStepRecord:
        """The record of a step."""
        if not self._traced:
            return LoggedStepRecord(frame, number, failures, self)
        return TracedStepRecord(frame, number, failures, self, is_traced=number in self._traced)

    def close_frame(self, level: int) -> None:
        """All samples noted so far ended in this level."""
        if self.open:
            self._closed.append((level, self.open, self.traces))
            self.open, self.traces = bytearray(), bytearray()

    def take(self, offset: int) -> Iterator[SampleColumns]:
        """The closed frames' samples, in blocks that fit into a message; `offset`: run time − agent clock."""
        closed, self._closed = self._closed, []
        for level, packed, traces in closed:
            samples, ids = np.frombuffer(packed, dtype=_ROW), np.frombuffer(traces, dtype=np.uint8)
            size = MAX_TRACED_SAMPLES if self._traced else MAX_SAMPLES
            for first in range(0, len(samples), size):
                rows = samples[first : first + size]
                others = {name: rows[name].copy() for name in ("duration", "slot", "step", "kind", "status")}
                named = ids[first * TRACE_BYTES : (first + size) * TRACE_BYTES]
                yield SampleColumns(level=level, started=rows["started"] + offset, trace=named, **others)


class LoggedStepRecord(StepRecord):
    """A step record that also keeps every single sample."""

    def __init__(self, frame: OpenFrame, number: int, failures: FailureKinds, log: SampleLog) -> None:
        super().__init__(frame, number, failures)
        self._log = log

    def record(self, sample: Sample) -> None:
        """Count a sample that ended, and note it if it was completed."""
        StepRecord.record(self, sample)  # First: it may close a frame that ended before the sample did.
        log, started, kind = self._log, sample.started, sample.kind
        if kind != INTERRUPTED and len(log.open) < MAX_FRAME_BYTES:
            log.open += _PACK(started, sample.ended - started, sample.slot, sample.status_code, self.number, kind)


class TracedStepRecord(LoggedStepRecord):
    """A logged step of a plan of which some steps are traced."""

    def __init__(
        self, frame: OpenFrame, number: int, failures: FailureKinds, log: SampleLog, *, is_traced: bool
    ) -> None:
        super().__init__(frame, number, failures, log)
        self._is_traced = is_traced

    def record(self, sample: Sample) -> None:
        """Count and note a sample, and its trace if it was sent."""
        super().record(sample)
        log = self._log
        if len(log.traces) * _ROW.itemsize < len(log.open) * TRACE_BYTES:
            is_named = self._is_traced and sample.messages
            log.traces += bytes.fromhex(sample.trace[TRACE_ID]) if is_named else NO_TRACE


class ExemplarPicker:
    """Picks the failed exchanges that are shown: of each step and kind of failure the first ones, and a random sample.

    A failure by status also counts by its status code.

    Every failure draws a key, uniform in [0, 1); the smallest keys of any number of failures are a simple random sample
    of them, on whichever agents they were drawn (bottom-k sampling; E. Cohen and H. Kaplan, PODC 2007). So an agent
    sends a failure when it is among its first, or its key among its smallest so far, and the master chooses in the same
    way among what agents send: of n failures some 8·ln(n/8) exchanges are described.
    """

    def __init__(self, describe: Describe, random: Random, failures: FailureKinds = BUILT_IN_KINDS) -> None:
        self._by_status = failures.by_status
        self._describe = describe
        self._random = random
        self._seen: dict[Scope, int] = {}
        self._smallest: dict[Scope, list[float]] = {}
        self._waiting: list[Exemplar] = []

    def consider(self, step: int, sample: Sample) -> None:
        """A sample of this step has failed."""
        scope, key = self._scope_of(step, sample), self._random.random()
        number = self._seen.get(scope, 0)
        self._seen[scope] = number + 1
        is_small = self._is_small(scope, key) and len(self._waiting) < MAX_WAITING_EXEMPLARS
        if is_small or number < FIRST_SHOWN:
            described = self._describe(step, sample)
            self._waiting.append(Exemplar(step, sample.kind, number, key, sample.ended, sample.slot, described))

    def _scope_of(self, step: int, sample: Sample) -> Scope:
        """The scope of a failure; a system that makes up status codes must not fill the memory with scopes."""
        scope = (step, sample.kind, sample.status_code if sample.kind in self._by_status else 0)
        if scope not in self._seen and scope[2]:
            others = sum(seen[:2] == scope[:2] for seen in self._seen)
            scope = scope if others < MAX_STATUS_CODES else (step, sample.kind, 0)
        return scope

    def _is_small(self, scope: Scope, key: float) -> bool:
        smallest = self._smallest.setdefault(scope, [])
        # Bottom-k: sorted, and at most `CANDIDATES` long, so most failures cost one comparison with the last key.
        if len(smallest) == CANDIDATES:
            if key >= smallest[-1]:
                return False
            smallest.pop()
        insort(smallest, key)
        return True

    def take(self, offset: int) -> list[Exemplar]:
        """What was picked since the last call, the first failures first; `offset`: run time − agent clock."""
        waiting, self._waiting = sorted(self._waiting, key=lambda picked: picked.number >= FIRST_SHOWN), []
        return [replace(picked, ended=picked.ended + offset) for picked in waiting]
