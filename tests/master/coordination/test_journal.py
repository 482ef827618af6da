"""The journal in memory."""

from gradual_common.protocol.messages import SlotRun
from gradual_master.coordination.events import CloseInterval
from gradual_master.coordination.journal import (
    AgentLost,
    BatchMerged,
    Journal,
    OrdersIssued,
    SlotsAssigned,
)

SLOTS = (SlotRun(0, 0, 5, 1),)


def test_decisions_are_kept_in_order() -> None:
    journal = Journal()
    entries = [SlotsAssigned("a", SLOTS), OrdersIssued(1, 1, 0, None)]
    journal.commit(entries)
    journal.commit([AgentLost("b", "gone")])
    assert journal.decisions == [*entries, AgentLost("b", "gone")]


def test_of_batches_and_intervals_only_the_last_numbers_are_kept() -> None:
    journal = Journal()
    journal.commit(BatchMerged("a", number, number - 1) for number in range(1, 1000))
    journal.commit([BatchMerged("a", 5, 4), CloseInterval(0), CloseInterval(1)])
    assert journal.batches == {"a": 999}
    assert journal.closed == 1
    assert journal.decisions == []
