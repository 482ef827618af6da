"""`dns.hosts`: a name that no resolver knows is reached at the address that the plan says, with its name in Host."""

from typing import Any

from fleet_processes import Fleet, Target


def plan(target: Target) -> dict[str, Any]:
    port = target.url.rpartition(":")[2]
    return {
        "config": {"name": "names", "base_url": f"http://api.invalid:{port}", "duration": "60s"},
        "services": {"fixed": {"dns": {"hosts": {"API.invalid": "127.0.0.1"}}}},
        "users": [{"name": "user", "concurrency": 3, "iterations": 4, "behavior": ["known", "unknown"]}],
        "actions": {"known": {"url": "/ok/known", "service": "fixed"}, "unknown": {"url": "/ok/unknown"}},
    }


def test_a_name_has_the_address_that_its_service_says(target: Target, fleet: Fleet) -> None:
    outcome = fleet.run(plan(target), 1)
    assert outcome.agent_codes == [0], outcome.output[-4000:]
    assert target.records().paths == {"/ok/known": 12}
    known, unknown = outcome.actions["user", "known"], outcome.actions["user", "unknown"]
    assert (known["requests"], known["failures"]) == (12, 0)
    assert unknown["errors"] == {"dns": 12}


def test_an_address_in_the_plan_is_held_to_the_limits_of_the_agent(target: Target, fleet: Fleet) -> None:
    """A listed name is trusted with what it resolves to, but not with what the plan says that it is."""
    master = fleet.start_master(plan(target), 1)
    outcome = fleet.wait(master, [fleet.start_agent("limited", "--allow-host", "*.invalid")])
    assert (outcome.code, outcome.agent_codes) == (3, [3]), outcome.output[-4000:]
    port = target.url.rpartition(":")[2]
    assert f"the plan sends to 127.0.0.1:{port}, but on this agent" in " ".join(outcome.output.split())
    assert target.count() == 0
