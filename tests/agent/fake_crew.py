"""A crew without users: it notes what it is told, and its users end when the test says so, or at once when stopped."""

from collections.abc import Callable, Sequence

from agent_batches import batch

from gradual_agent.users.runner import EndCallback
from gradual_common.protocol.batch import Applied, Batch
from gradual_common.protocol.messages import Job, Rows
from gradual_common.protocol.samples import Exemplar, SampleColumns


class FakeCrew:
    """Users that are only names; `lingering` ones do not end when they are told to stop."""

    def __init__(self, job: Job, on_end: EndCallback, lease_ends: Callable[[], int], lingering: bool = False) -> None:
        self.job = job
        self.on_end = on_end
        self.lease_ends = lease_ends
        self.lingering = lingering
        self.begun = 0
        self.rows: list[Rows] = []
        self.scheduled: list[tuple[int, int, tuple[tuple[int, int], ...]]] = []
        self.users: dict[tuple[int, int], int] = {}
        self.most_users = 0
        self.stopped: dict[tuple[int, int], int] = {}
        self.cuts = 0
        self.levels: list[Applied] = []
        self.lags: list[int] = []
        self.sealed: list[tuple[int, bool]] = []

    def provide(self, rows: Rows) -> None:
        self.rows.append(rows)

    def schedule(self, start: int, interval: int, levels: Sequence[tuple[int, int]]) -> None:
        self.scheduled.append((start, interval, tuple(levels)))

    def start(self, group: int, ordinal: int, tenure: int) -> None:
        assert (group, ordinal) not in self.users
        assert self.lease_ends() > 0, "nobody starts without a lease"
        self.users[group, ordinal] = tenure
        self.begun += 1
        self.most_users = max(self.most_users, len(self.users))

    def stop(self, group: int, ordinal: int, deadline: int, *, hands_over: bool) -> None:
        self.stopped[group, ordinal] = deadline
        if not self.lingering:
            self.end(group, ordinal)

    def end(self, group: int, ordinal: int, finished: bool = False) -> None:
        self.on_end(group, ordinal, self.users.pop((group, ordinal)), finished)

    def cut(self) -> None:
        self.cuts += 1
        self.users.clear()

    def note_level(self, applied: Applied) -> None:
        self.levels.append(applied)

    def note_loop_lag(self, lag: int) -> None:
        self.lags.append(lag)

    def seal(self, interval: int, offset: int, late_starts: int, last: bool) -> Batch:
        self.sealed.append((interval, last))
        return batch(len(self.sealed), interval=interval, last=last)

    def take_samples(self, offset: int) -> tuple[list[SampleColumns], list[Exemplar]]:
        return [], []
