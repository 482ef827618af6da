"""A search for capacity over real agents: exact users at levels that nobody knew before, and every request counted."""

from typing import Any

import pytest
from fleet_processes import Fleet, Target

CALLERS = 24


def searching_plan(url: str, path: str, rule: str, **config: Any) -> dict[str, Any]:
    ramp = {"strategy": "find_capacity", "initial": 6, "hold": "5s", "settle": "2s", "multiplier": 3}
    return {
        "config": {"base_url": url, "duration": "10m", "graceful_stop": "5s", "ramp_up": ramp} | config,
        "users": [
            {"name": "a", "concurrency": CALLERS // 2, "pacing": "200ms", "behavior": ["call"]},
            {"name": "b", "concurrency": CALLERS // 2, "pacing": "200ms", "behavior": ["call"]},
        ],
        "actions": {"call": {"url": path, "headers": {"X-User": "{{vu.group}}/{{vu.slot}}/{{vu.tenure}}"}}},
        "thresholds": [rule],
    }


@pytest.mark.parametrize("agents", [1, 2])
def test_a_level_far_beyond_a_limit_ends_the_search_after_seconds(target: Target, fleet: Fleet, agents: int) -> None:
    outcome = fleet.run(searching_plan(target.url, "/sleep/0.05", "mean < 10ms"), agents)
    assert outcome.code == 1, outcome.output
    assert outcome.summary is not None
    capacity, records = outcome.summary["analysis"]["capacity"], target.records()
    assert (capacity["ended_by"], capacity["users"], capacity["confirmed"]) == ("initial fails", None, False)
    assert "already 6 users, the first level, did not hold (mean < 10ms: " in outcome.summary["verdict"]["reasons"][0]
    assert outcome.summary["analysis"]["answer"][0].startswith("Already 6 users, the first level, did not hold")
    assert records.paths["/sleep/0.05"] == outcome.arrived("call")
    assert outcome.agent_codes == [0] * agents


def test_all_agents_go_to_the_next_level_together(target: Target, fleet: Fleet) -> None:
    """The first level holds, which takes the 50 s that a level needs to be steady; the duration ends the second."""
    outcome = fleet.run(searching_plan(target.url, "/ok", "p95 < 5s", duration="60s"), 2)
    assert outcome.code == 1, outcome.output
    assert outcome.summary is not None
    summary, records = outcome.summary, target.records()
    capacity = summary["analysis"]["capacity"]
    assert [(trial["users"], trial["outcome"]) for trial in capacity["trials"]] == [(6, "passed")]
    assert (capacity["ended_by"], capacity["users"]) == ("duration", 6)
    assert [level["target"] for level in summary["levels"]] == [6, 18]
    assert summary["fleet"]["missing_user_s"] < 1, "each of 12 more users may start some milliseconds late"
    assert len({entry[1] for entry in records.requests}) == 18
    assert not records.overlaps
    assert records.paths["/ok"] == outcome.arrived("call")
    assert "6 users held (all objectives are met" in outcome.output
