"""Batches: each number once and in order, intervals closed in order."""

import pytest
from fleet_model import MS, S, batch_of

from gradual_common.errors import WireError
from gradual_common.protocol.batch import Applied
from gradual_master.coordination.intake import Intake, Receipt

START = 500 * MS


def intake_of(*agents: str) -> Intake:
    intake = Intake(S)
    intake.start = START
    for agent in agents:
        intake.wait_for(agent)
    return intake


def take(intake: Intake, agent: str, number: int, interval: int, *, last: bool = False) -> None:
    batch = batch_of(number, interval, last=last)
    assert intake.receive(agent, batch, START + (interval + 1) * S) is Receipt.MERGE
    intake.merged(agent, batch)


NUMBERS = [
    ("the next", 3, Receipt.MERGE),
    ("the last one again", 2, Receipt.AGAIN),
    ("an old one again", 1, Receipt.AGAIN),
    ("one that leaves a gap", 4, Receipt.GAP),
]


@pytest.mark.parametrize(("reason", "number", "receipt"), NUMBERS, ids=[reason for reason, *_ in NUMBERS])
def test_a_batch_is_judged_by_its_number(reason: str, number: int, receipt: Receipt) -> None:
    intake = intake_of("a")
    take(intake, "a", 1, 0)
    take(intake, "a", 2, 1)
    assert intake.receive("a", batch_of(number, 2), START + 3 * S) is receipt


def test_a_number_that_is_received_and_not_yet_merged_is_not_merged_twice() -> None:
    intake = intake_of("a")
    assert intake.receive("a", batch_of(1, 0), START + S) is Receipt.MERGE
    assert intake.receive("a", batch_of(1, 0), START + S) is Receipt.AGAIN
    assert intake.of("a").merged == 0


INTERVALS = [("before the last one", 3), ("of the future", 9), ("negative", -1)]


@pytest.mark.parametrize(("reason", "interval"), INTERVALS, ids=[reason for reason, _ in INTERVALS])
def test_an_interval_that_cannot_be_true_is_named(reason: str, interval: int) -> None:
    intake = intake_of("a")
    intake.merged("a", batch_of(1, 4))
    intake.receive("a", batch_of(1, 4), START + 5 * S)
    with pytest.raises(WireError, match=f"interval {interval}; allowed are 4 to 6"):
        intake.receive("a", batch_of(2, interval), START + 5 * S)


def test_a_batch_before_the_schedule_is_an_error() -> None:
    with pytest.raises(WireError, match="before the schedule"):
        Intake(S).receive("a", batch_of(1, 0), 0)


def test_an_interval_closes_when_every_agent_has_delivered_it() -> None:
    intake = intake_of("a", "b")
    take(intake, "a", 1, 0)
    assert list(intake.close_due(START + S)) == []
    take(intake, "b", 1, 0)
    assert list(intake.close_due(START + S)) == [0]


def test_an_interval_that_is_not_over_is_not_closed_although_no_agent_is_awaited() -> None:
    assert list(intake_of().close_due(START + S - 1)) == []


GONE = [
    ("lost", lambda intake: intake.stop_waiting_for("b")),
    ("done with its last batch", lambda intake: take(intake, "b", 1, 0, last=True)),
]


@pytest.mark.parametrize(("reason", "leave"), GONE, ids=[reason for reason, _ in GONE])
def test_no_interval_waits_for_an_agent_that_is_gone(reason: str, leave: object) -> None:
    intake = intake_of("a", "b")
    leave(intake)  # type: ignore[operator]
    for number in (1, 2):
        take(intake, "a", number, number - 1)
    assert list(intake.close_due(START + 2 * S)) == [0, 1]


def test_patience_ends_three_seconds_after_the_interval() -> None:
    intake = intake_of("a", "b")
    assert list(intake.close_due(START + 4 * S - 1)) == []
    assert list(intake.close_due(START + 4 * S)) == [0]


def test_a_master_that_was_suspended_waits_again() -> None:
    intake = intake_of("a")
    intake.note_stall(START + 10 * S)
    assert list(intake.close_due(START + 10 * S)) == []
    assert list(intake.close_due(START + 13 * S)) == list(range(10))


def test_a_batch_of_a_closed_interval_is_late() -> None:
    intake = intake_of("a", "b")
    list(intake.close_due(START + 4 * S))
    take(intake, "b", 1, 0)
    take(intake, "a", 1, 1)
    assert intake.late_batches == 1


def test_a_level_is_late_beyond_the_clock_error() -> None:
    intake = intake_of("a")
    applied = (Applied(0, 0, 50 * MS), Applied(1, S, S + 50 * MS + 1))
    intake.merged("a", batch_of(1, 0, applied=applied))
    assert intake.late_levels == 1


def test_at_the_end_every_interval_with_a_batch_is_closed() -> None:
    intake = intake_of("a", "b")
    take(intake, "a", 1, 0)
    take(intake, "a", 2, 4, last=True)
    assert list(intake.close_rest()) == [0, 1, 2, 3, 4]
    assert list(intake.close_rest()) == []
