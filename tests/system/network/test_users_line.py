"""`network`: what a user sees includes its line, the times of the system do not; counts stay exact in delays."""

from typing import Any

import pytest
from fleet_processes import Fleet, Target

LATENCY_MS = 400


def plan(target: Target, **config: Any) -> dict[str, Any]:
    line = {"latency": f"{LATENCY_MS}ms", "bandwidth": {"down": "10mbit", "up": "1mbit"}}
    return {
        "config": {"name": "line", "base_url": target.url, "duration": "60s", **config},
        "services": {"far": {"network": line}},
        "users": [
            {"name": "near", "concurrency": 3, "iterations": 4, "behavior": ["near"]},
            {"name": "far", "concurrency": 3, "iterations": 4, "behavior": ["far"]},
        ],
        "actions": {"near": {"url": "/ok/near"}, "far": {"url": "/ok/far", "service": "far"}},
    }


@pytest.mark.parametrize("agents", [1, 3])
def test_the_line_is_in_the_response_time_and_not_in_the_exchange(target: Target, fleet: Fleet, agents: int) -> None:
    outcome = fleet.run(plan(target), agents)
    assert outcome.code == 0, outcome.output[-4000:]
    assert target.records().paths == {"/ok/near": 12, "/ok/far": 12}
    far = outcome.actions["far", "far"]
    assert (far["requests"], far["failures"]) == (12, 0)
    shortest = {name: far[f"{name}_ms"]["min"] for name in ("response_time", "exchange", "ttfb")}
    # Whatever the machine does: no response time is shorter than its exchange and the whole line (rounded to 1 µs).
    assert shortest["response_time"] + 0.002 >= shortest["exchange"] + LATENCY_MS
    assert 0 < shortest["ttfb"] <= shortest["exchange"]


def test_requests_that_wait_on_the_line_at_the_end_were_never_sent(target: Target, fleet: Fleet) -> None:
    """Half of an hour is longer than the run: the users are cut while their requests are on the line."""
    far = plan(target, duration="3s", graceful_stop="1s")
    far["services"]["far"]["network"] = {"bandwidth": {"up": "0.001kbit"}}
    for group in far["users"]:
        del group["iterations"]
        group["pacing"] = "500ms"
    outcome = fleet.run(far, 1)
    assert outcome.summary is not None, outcome.output[-4000:]
    paths = target.records().paths
    assert set(paths) == {"/ok/near"}
    assert (outcome.arrived("near"), outcome.arrived("far")) == (paths["/ok/near"], 0)
