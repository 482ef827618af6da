"""Batches of events are stored whole and in order, or refused whole when too many wait."""

from typing import Any

import pytest

from gradual.demo.fintech import ingestion as demo_ingestion
from gradual.demo.fintech.ingestion import Ingestion
from gradual.demo.routing import Call
from gradual.errors import RequestRefusedError


def batch(size: int, now: float = 0.0) -> Call:
    return Call(1, body={"events": [{"amount": number} for number in range(size)]}, now=now)


def test_a_batch_is_answered_when_the_writer_has_stored_it() -> None:
    desk = Ingestion()
    answers: list[Any] = [desk.ingest(batch(size, now=5.0)) for size in (100, 40)]
    assert [answer.ready for answer in answers] == pytest.approx([5.05, 5.07])
    assert answers[1].content == {"data": {"accepted": 40, "first": 101, "last": 140}}


def test_a_batch_that_would_wait_too_long_is_refused_until_the_queue_is_shorter() -> None:
    desk = Ingestion()
    statuses = [desk.ingest(batch(500)).status for _ in range(7)]
    assert statuses == [202] * 5 + [429] * 2, "the fifth waits for 1 s, which is allowed"
    refused: Any = desk.ingest(batch(1)).content
    assert refused["retry_after_s"] == 1.0
    assert desk.ingest(batch(1, now=0.3)).status == 202
    assert desk.totals() == {"events": 2501, "batches": 6, "refused_batches": 3}


def test_stored_events_are_listed_in_pages_and_the_oldest_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_ingestion, "MAX_STORED", 5)
    desk = Ingestion()
    desk.ingest(batch(8))
    content: Any = desk.list_events(Call(1, query={"limit": "3"})).content
    assert [event["number"] for event in content["data"]["events"]] == [4, 5, 6]
    assert [event["amount"] for event in content["data"]["events"]] == [3, 4, 5]
    assert (content["next"], content["accepted"]) == (6, 8)


@pytest.mark.parametrize("events", [None, [], {}, "many", [{}] * 501, [{}, 7]])
def test_a_batch_that_is_none_is_refused(events: object) -> None:
    desk = Ingestion()
    with pytest.raises(RequestRefusedError, match="event"):
        desk.ingest(Call(1, body={"events": events}))
    assert desk.totals()["events"] == 0
