"""Single samples as reporters see them: columns for those that can take them so, one request at a time for the others.

They do not influence the verdict. Samples that ended in a warm-up phase are left out, as in the summary's totals, so a
reporter that gets all samples counts `totals.requests`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from gradual_common.clock import NS_PER_S
from gradual_common.errors import WireError
from gradual_common.histogram.buckets import Int64
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Int32
from gradual_common.protocol.samples import TRACE_BYTES, SampleColumns, UInt8, UInt16, no_traces


class Request(NamedTuple):
    """One completed request."""

    duration: float
    """Response time, s."""

    status_code: int
    """0 without a response."""

    action: str
    group: str
    step: str

    slot: int
    """The number of its user in `group`."""

    started_at: float
    """Unix time, s."""

    error: str
    """The kind of its failure, "" for none."""

    ok: bool

    service: str = ""
    """That the action names, "" for none."""

    trace_id: str = ""
    """Of its trace context, 32 hexadecimal digits; "" for none."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleBlock:
    """Some samples of one agent as columns (n,), in the order in which they ended; the columns of `SampleColumns`."""

    agent: str
    """Its name."""

    index: SeriesIndex

    begin: int
    """The Unix time of the run's origin, ns: `begin + started` is the time of a start."""

    started: Int64
    duration: Int64
    slot: Int32
    step: UInt16
    kind: UInt8
    status: UInt16
    trace: UInt8 = field(default_factory=no_traces)

    def __len__(self) -> int:
        return len(self.started)

    def requests(self) -> Iterator[Request]:
        """One by one. Measured: 1 µs each."""
        # Column by column and not row by row: `tolist` turns a whole column into Python's numbers in one call, and
        # `map` and `zip` put the tuples together without a line of Python for each request.
        series, steps = self.index.steps, self.step.tolist()
        actions = [step.action for step in series]
        groups = [self.index.groups[step.group] for step in series]
        names = [step.name for step in series]
        services = [step.service or "" for step in series]
        columns = zip(
            (self.duration / NS_PER_S).tolist(),
            self.status.tolist(),
            map(actions.__getitem__, steps),
            map(groups.__getitem__, steps),
            map(names.__getitem__, steps),
            self.slot.tolist(),
            ((self.begin + self.started) / NS_PER_S).tolist(),
            map(self.index.failures.names.__getitem__, self.kind.tolist()),
            (self.kind == 0).tolist(),
            map(services.__getitem__, steps),
            self._trace_ids(),
            strict=True,
        )
        return map(Request._make, columns)

    def _trace_ids(self) -> list[str]:
        if not len(self.trace):
            return [""] * len(self)
        rows = self.trace.reshape(len(self), TRACE_BYTES)
        return [row.tobytes().hex() if row.any() else "" for row in rows]


class SampleReceiver:
    """Turns the samples that agents send into blocks. `is_warm_up`: whether a level belongs to a warm-up phase."""

    def __init__(self, index: SeriesIndex, begin: int, is_warm_up: Callable[[int], bool]) -> None:
        self._index = index
        self._begin = begin
        self._is_warm_up = is_warm_up

    def receive(self, agent: str, columns: SampleColumns) -> SampleBlock | None:
        """The block of an agent's samples, None in a warm-up phase; WireError for a step that is not in the plan."""
        if len(columns) and int(columns.step.max()) >= len(self._index.steps):
            raise WireError(f"samples name step {columns.step.max()}; the plan has {len(self._index.steps)}")
        if len(columns) and int(columns.kind.max()) >= len(self._index.failures):
            raise WireError(f"samples name outcome {columns.kind.max()}; the plan has {len(self._index.failures)}")
        if self._is_warm_up(columns.level) or not len(columns):
            return None
        shared = {each.name: getattr(columns, each.name) for each in fields(columns) if each.name != "level"}
        return SampleBlock(agent, self._index, self._begin, **shared)
