"""Provisions: what an agent must store before it gets orders (docs/design/fleet.md, 4.6).

The first one is the job; the data rows of the agent's slots follow.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from gradual_common.plan.data.data_files import DataTable
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import Provision, Rows, SlotRun

JOB_SEQUENCE = 1
"""The number of the first provision, which contains the job."""

ROWS_PER_PROVISION = 1000
"""Rows are encoded and sent in portions, so that the event loop of the master is not blocked: a thousand rows take a
few milliseconds."""


Portion = tuple[int, str, list[int]]
"""Rows of one provision: group, set, ordinals."""


class Provisions:
    """The provisions of every agent, built when they are read. `data` is by (group number, set name)."""

    def __init__(self, job: Job, data: Mapping[tuple[int, str], DataTable]) -> None:
        self._job = job
        self._data = data
        self.variables = b""
        """What the set-up extracted, as JSON: it comes before further rows."""
        self._prepared: dict[str, list[Portion | bytes]] = {}
        # Only (group, set, ordinals) is stored: the rows of 100,000 slots would fill memory long before they are sent.

    def prepare(self, agent: str, slots: tuple[SlotRun, ...]) -> int:
        """Add the rows of `slots` to the agent's provisions; return the number of the last one.

        The variables of the set-up are added when they are there and the agent does not have them yet.
        """
        prepared = self._prepared.setdefault(agent, [])
        if self.variables and self.variables not in prepared:
            prepared.append(self.variables)
        prepared += self._portions(slots)
        return JOB_SEQUENCE + len(prepared)

    def job(self) -> Provision:
        """The first provision of every agent."""
        return Provision(JOB_SEQUENCE, job=self._job)

    def rows_of(self, agent: str, after: int = JOB_SEQUENCE) -> Iterator[Provision]:
        """The prepared provisions with numbers above `after`."""
        prepared = self._prepared.get(agent, [])
        for index in range(after - JOB_SEQUENCE, len(prepared)):
            sequence, portion = JOB_SEQUENCE + 1 + index, prepared[index]
            if isinstance(portion, bytes):
                yield Provision(sequence, variables=portion)
            else:
                yield Provision(sequence, rows=(self._rows(*portion),))

    def _rows(self, group: int, name: str, ordinals: Sequence[int]) -> Rows:
        table = self._data[group, name]
        rows = {ordinal: row for ordinal in ordinals if (row := table.row(ordinal)) is not None}
        return Rows(group, name, tuple(rows), tuple(rows.values()))

    def _portions(self, slots: Sequence[SlotRun]) -> Iterator[Portion]:
        for group, name in sorted(self._data):
            ordinals = (
                ordinal for run in slots if run.group == group for ordinal in range(run.first, run.first + run.count)
            )
            while portion := list(islice(ordinals, ROWS_PER_PROVISION)):
                yield group, name, portion
