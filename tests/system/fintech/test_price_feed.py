"""The demo bank's stream of prices, read to its end and left early: the events and the streams are counted exactly."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from demo_bank import demo_bank, stats_of
from fleet_processes import Fleet

USERS, ITERATIONS, PRICES = 3, 2, 8


@pytest.fixture
def bank() -> Iterator[str]:
    with demo_bank() as url:
        yield url


def feed_plan(url: str) -> dict[str, Any]:
    """Each user reads one stream to its end, and leaves another one after its second event."""
    feed = {"url": "/api/feed", "query": {"events": PRICES, "every": 5}}
    return {
        "config": {"name": "prices", "base_url": url, "duration": "60s"},
        "users": [{"name": "watcher", "concurrency": USERS, "iterations": ITERATIONS, "behavior": ["whole", "start"]}],
        "actions": {
            "whole": {
                **feed,
                "sse": {"until": "event.type == 'end'"},
                "assertions": [{"json": f"events == `{PRICES}`"}],
            },
            "start": {**feed, "sse": {"max_events": 2}, "assertions": [{"json": "number == `2`"}]},
        },
    }


def test_streams_and_their_events_are_counted_exactly(bank: str, fleet: Fleet) -> None:
    outcome = fleet.run(feed_plan(bank), 1)
    assert outcome.summary is not None, outcome.output[-4000:]
    assert outcome.code == 0, outcome.summary["verdict"]
    streams = USERS * ITERATIONS
    assert {step: row["sent"] for (_, step), row in outcome.actions.items()} == {"whole": streams, "start": streams}
    assert stats_of(bank)["routes"] == {"GET /api/feed": 2 * streams}
    metrics = {row["name"]: row for row in outcome.summary["metrics"]}
    assert metrics["whole_events"]["sum"] == streams * (PRICES + 1), "all prices, and the end"
    assert metrics["start_events"]["sum"] == streams * 2
    assert metrics["whole_event_gap"]["count"] == streams * PRICES


def test_what_is_streamed_is_the_same_at_every_start(bank: str) -> None:
    texts = []
    for _ in range(2):
        with urlopen(f"{bank}/api/feed?events=3&every=0", timeout=5) as response:
            texts.append(response.read().decode())
    assert texts[0] == texts[1]
    data = [json.loads(line.removeprefix("data: ")) for line in texts[0].splitlines() if line.startswith("data: ")]
    assert [each.get("number") for each in data] == [1, 2, 3, None]
