"""What each agent must store before it may be given orders: the job, then the rows of its slots (DESIGN 4.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from gradual_common.plan.reading.data_files import DataTable
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import Provision, Rows, SlotRun

JOB_SEQUENCE = 1

ROWS_PER_PROVISION = 1000
"""Rows are made and sent in portions that keep the master's loop free: a thousand take a few milliseconds."""


class Provisions:
    """The provisions of every agent, made when they are read. `data` is by (group number, set name)."""

    def __init__(self, job: Job, data: Mapping[tuple[int, str], DataTable]) -> None:
        self._job = job
        self._data = data
        self._prepared: dict[str, list[tuple[int, str, list[int]]]] = {}

    def prepare(self, agent: str, slots: tuple[SlotRun, ...]) -> int:
        """The agent is given `slots` too; the sequence of the last provision that it must store."""
        prepared = self._prepared.setdefault(agent, [])
        prepared += self._portions(slots)
        return JOB_SEQUENCE + len(prepared)

    def job(self) -> Provision:
        """The first provision of every agent."""
        return Provision(JOB_SEQUENCE, job=self._job)

    def rows_of(self, agent: str, after: int = JOB_SEQUENCE) -> Iterator[Provision]:
        """The provisions that are prepared beyond number `after`."""
        prepared = self._prepared.get(agent, [])
        for place in range(after - JOB_SEQUENCE, len(prepared)):
            yield Provision(JOB_SEQUENCE + 1 + place, rows=(self._rows(*prepared[place]),))

    def _rows(self, group: int, name: str, ordinals: Sequence[int]) -> Rows:
        table = self._data[group, name]
        rows = {ordinal: row for ordinal in ordinals if (row := table.row(ordinal)) is not None}
        return Rows(group, name, tuple(rows), tuple(rows.values()))

    def _portions(self, slots: Sequence[SlotRun]) -> Iterator[tuple[int, str, list[int]]]:
        for group, name in sorted(self._data):
            ordinals = (
                ordinal for run in slots if run.group == group for ordinal in range(run.first, run.first + run.count)
            )
            while portion := list(islice(ordinals, ROWS_PER_PROVISION)):
                yield group, name, portion
