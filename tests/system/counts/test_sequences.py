"""`{{ sequence('invoice') }}`: every number is used once in the run, on any number of agents."""

from itertools import pairwise
from typing import Any

import pytest
from fleet_processes import Fleet, Target


def plan_of(url: str) -> dict[str, Any]:
    return {
        "config": {"name": "numbers", "base_url": url, "duration": "10m", "graceful_stop": "5s"},
        "users": [{"name": "clerk", "concurrency": 12, "iterations": 50, "behavior": ["bill", "note"]}],
        "actions": {
            "bill": {
                "url": "/ok/invoice/{{ sequence('invoice') }}",
                "headers": {"X-User": "{{vu.group}}/{{vu.slot}}/1"},
            },
            "note": {"url": '/ok/note/{{ "N-%06d" | format(sequence("note")) }}'},
        },
    }


@pytest.mark.parametrize("agents", [1, 3])
def test_a_number_is_used_once_in_the_run(target: Target, fleet: Fleet, agents: int) -> None:
    outcome = fleet.run(plan_of(target.url), agents)
    assert outcome.code == 0, outcome.output
    requests = target.records().requests
    invoices = [(row[1], int(row[0].rsplit("/", 1)[1])) for row in requests if "/invoice/" in row[0]]
    notes = [row[0] for row in requests if "/note/N-" in row[0]]
    assert len({number for _, number in invoices}) == len(invoices) == 600
    assert len(set(notes)) == len(notes) == 600
    if agents == 1:
        assert {number for _, number in invoices} == set(range(1, 601))
    for user in {user for user, _ in invoices}:
        assert all(one < other for one, other in pairwise(number for who, number in invoices if who == user))
