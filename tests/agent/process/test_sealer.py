"""When batches are sealed: at the ends of intervals while the outbox has room, and once when all users have ended."""

from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from agent_batches import batch

from gradual_agent.coordination.contact import BURST_PINGS, Redial
from gradual_agent.coordination.events import MessageReceived, Provisioned, Sealed, Wake
from gradual_agent.coordination.pool import SlotPool
from gradual_agent.coordination.session import Session
from gradual_agent.process.sealer import BatchSealer
from gradual_common.clock import NEVER
from gradual_common.protocol.messages import PROTOCOL, Hello, LevelOrder, MasterMessage, Orders, Pong, Welcome

S = 1_000_000_000
AHEAD = 500 * S
"""Run time − agent clock in these tests."""

BATCH_OFFSET = S // 4


class Edge:
    """What the plan is asked for, and what goes to the master: batches and samples, neither of them read here."""

    def __init__(self) -> None:
        self.schedules: list[tuple[int, int, list[tuple[int, int]]]] = []
        self.samples = 0
        self.sealed = 0

    def schedule(self, start: int, interval: int, levels: list[tuple[int, int]]) -> None:
        self.schedules.append((start, interval, levels))

    def seal(self, interval: int, offset: int, last: bool) -> Any:
        assert offset == AHEAD
        self.sealed += 1
        return batch(self.sealed, interval=interval, last=last)

    def take_samples(self, offset: int) -> tuple[list[Any], list[Any]]:
        return [], []

    def send(self, blocks: list[Any], exemplars: list[Any]) -> None:
        self.samples += 1


class SealerHarness:
    """A sealer with a live session, whose clock and run time are AHEAD apart."""

    def __init__(self) -> None:
        self.now = 1000 * S
        self.edge = Edge()
        self.tasks: deque[Callable[[], None]] = deque()
        self.batches: list[tuple[int, bool, int]] = []
        """(interval, last, ns from now until it is sent)"""
        hello = Hello(PROTOCOL, b"i" * 16, "agent-1", "host", 7, "0.1", 0, 100)
        self.session = Session(hello, SlotPool(), lambda: 0, Redial(60 * S, lambda: 0.0, self.now))
        self.session.handle(Wake(), self.now)
        self.receive(welcome=Welcome("run-1", 1, 100 * S, S, interval=S, batch_offset=BATCH_OFFSET))
        self.session.handle(Provisioned(1), self.now)
        self.sealer = BatchSealer(
            self.session,
            self.edge,  # type: ignore[arg-type]  # sends nothing
            lambda: self.now,
            self.tasks.append,
            self.give,
        )

    def receive(self, **parts: Any) -> None:
        self.session.handle(MessageReceived(1, MasterMessage(**parts)), self.now)

    def take_offset(self) -> None:
        for _ in range(BURST_PINGS):
            self.receive(pong=Pong(self.now, self.now + AHEAD))

    def give(self, sealed: Sealed) -> None:
        self.batches.append((sealed.batch.interval, sealed.batch.last, sealed.send_at - self.now))
        self.session.handle(sealed, self.now)

    def order(self, *levels: int, start: int = 0) -> None:
        """Orders whose interval 0 starts `start` ns from now, and so does each level."""
        orders = tuple(LevelOrder(self.now + AHEAD + level, n, 0, (1,)) for n, level in enumerate(levels))
        at = self.now + AHEAD + start
        self.sealer.schedule(self.edge, Orders(1, 1, (), orders, at, S))  # type: ignore[arg-type]  # an edge, too

    def do(self, task: Callable[[], None], after: int = 0) -> None:
        self.now += after
        self.tasks.append(task)
        while self.tasks:
            self.tasks.popleft()()


@pytest.fixture
def harness() -> SealerHarness:
    harness = SealerHarness()
    harness.take_offset()
    return harness


def test_the_recorder_gets_start_and_levels_on_the_agents_clock(harness: SealerHarness) -> None:
    now = harness.now
    harness.order(2 * S, 5 * S, start=S)
    assert harness.edge.schedules == [(now + S, S, [(now + 2 * S, 0), (now + 5 * S, 1)])]
    assert harness.sealer.next_deadline == now + AHEAD + 2 * S, "the end of interval 0"


def test_without_levels_or_an_offset_nothing_is_sealed() -> None:
    harness = SealerHarness()
    harness.order(0)
    assert harness.sealer.next_deadline == NEVER, "no offset"
    harness.take_offset()
    harness.order()
    harness.do(harness.sealer.seal_ended, after=9 * S)
    harness.do(harness.sealer.seal_last)
    assert (harness.edge.schedules, harness.batches, harness.sealer.next_deadline) == ([], [], NEVER)


def test_an_interval_is_sealed_at_its_end_and_sent_at_this_agents_offset(harness: SealerHarness) -> None:
    harness.order(0)
    harness.do(harness.sealer.seal_ended, after=S - 1)
    assert harness.batches == []
    harness.do(harness.sealer.seal_ended, after=1)
    assert harness.batches == [(0, False, BATCH_OFFSET)]
    assert harness.edge.samples == 1
    assert harness.sealer.next_deadline == harness.now + AHEAD + S


def test_after_a_pause_every_interval_that_has_ended_is_sealed(harness: SealerHarness) -> None:
    harness.order(0)
    harness.do(harness.sealer.seal_ended, after=3 * S)
    assert harness.batches == [(n, False, BATCH_OFFSET - (2 - n) * S) for n in range(3)]


def test_orders_with_the_same_start_neither_skip_an_interval_nor_seal_one_again(harness: SealerHarness) -> None:
    harness.order(0)
    harness.do(harness.sealer.seal_ended, after=2 * S)
    harness.now += S
    harness.order(0, start=-3 * S)
    harness.do(harness.sealer.seal_ended)
    assert [interval for interval, _, _ in harness.batches] == [0, 1, 2]


def test_with_a_full_outbox_nothing_is_sealed_until_the_master_takes_batches(harness: SealerHarness) -> None:
    harness.order(0)
    harness.session.outbox.max_batches = 2
    harness.do(harness.sealer.seal_ended, after=4 * S)
    assert [interval for interval, _, _ in harness.batches] == [0, 1]
    assert harness.sealer.next_deadline == NEVER
    harness.session.outbox.acknowledge(2)
    harness.do(harness.sealer.seal_ended)
    assert [interval for interval, _, _ in harness.batches] == [0, 1, 2, 3]


def test_the_last_batch_follows_what_has_ended_is_sent_at_once_and_is_sealed_once(harness: SealerHarness) -> None:
    harness.order(0)
    for _ in range(2):
        harness.do(harness.sealer.seal_last, after=2 * S + S // 2)
    assert [(interval, last) for interval, last, _ in harness.batches] == [(0, False), (1, False), (2, True)]
    assert harness.batches[-1][2] == 0
    harness.order(0)
    harness.do(harness.sealer.seal_ended, after=9 * S)
    assert (len(harness.batches), harness.sealer.next_deadline) == (3, NEVER)
