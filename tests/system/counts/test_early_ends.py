"""A run that its plan ends early: it drains, reports, and ends with 1 and the reason first."""

from typing import Any

import pytest
from fleet_processes import Fleet, Target


def failing_plan(url: str, **threshold: Any) -> dict[str, Any]:
    """Half of all requests fail; without an abort the run takes ten minutes."""
    return {
        "config": {"name": "soak", "base_url": url, "duration": "10m", "graceful_stop": "5s"},
        "users": [
            {"name": "reader", "concurrency": 6, "pacing": "50ms", "behavior": ["good", "bad"], "on_stop": ["bye"]}
        ],
        "actions": {"good": {"url": "/ok/good"}, "bad": {"url": "/status/500"}, "bye": {"url": "/ok/bye"}},
        "thresholds": [{"rule": "error_rate(good, bad) < 40%", "name": "stays up", "abort": True, **threshold}],
    }


@pytest.mark.parametrize("agents", [1, 3])
def test_an_objective_with_abort_ends_the_run(target: Target, fleet: Fleet, agents: int) -> None:
    outcome = fleet.run(failing_plan(target.url, after="1s"), agents, "-o", f"junit={fleet.folder / 'junit.xml'}")
    assert outcome.code == 1, outcome.output
    assert outcome.summary is not None
    verdict, paths = outcome.summary["verdict"], target.records().paths
    assert verdict["status"] == "failed"
    assert verdict["reasons"][0].startswith("stopped early: objective stays up: observed ")
    assert sum("stays up" in reason for reason in verdict["reasons"]) == 1
    objective = verdict["objectives"][0]
    assert (objective["name"], objective["passed"], objective["reason"]) == ("stays up", False, verdict["reasons"][0])
    assert 'type="objective" message="stopped early: objective stays up' in (fleet.folder / "junit.xml").read_text()
    assert (paths["/ok/good"], paths["/status/500"]) == (outcome.arrived("good"), outcome.arrived("bad"))
    assert paths["/ok/bye"] == 6, "users end as at the end of a run: with on_stop"
    assert outcome.agent_codes == [0] * agents


@pytest.mark.parametrize("agents", [1, 3])
def test_a_step_that_fails_ends_the_run_if_the_plan_says_so(target: Target, fleet: Fleet, agents: int) -> None:
    """The users go on for a while, until the master has heard of it; the failing step is performed once by each."""
    written = failing_plan(target.url)
    del written["thresholds"]
    written["users"][0]["behavior"] = ["good", {"action": "bad", "on_failure": "abort_run"}]
    outcome = fleet.run(written, agents)
    assert outcome.code == 1, outcome.output
    assert outcome.summary is not None
    verdict, paths = outcome.summary["verdict"], target.records().paths
    assert verdict["status"] == "failed"
    assert verdict["reasons"][0].startswith("stopped early: ")
    assert "'bad'" in verdict["reasons"][0]
    assert "'reader'" in verdict["reasons"][0]
    assert (paths["/ok/good"], paths["/status/500"]) == (outcome.arrived("good"), outcome.arrived("bad"))
    assert outcome.agent_codes == [0] * agents
