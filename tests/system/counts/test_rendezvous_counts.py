"""A rendezvous over the fleet: the users of all agents go on together, and a lost agent does not hold them up."""

import signal
from typing import Any

import pytest
from fleet_processes import Fleet, Target, wait_until

USERS = 12


def meeting_plan(url: str, timeout: str, users: int = USERS, **config: Any) -> dict[str, Any]:
    peak = {"rendezvous": "peak", "users": users, "timeout": timeout}
    return {
        "config": {"name": "meeting", "base_url": url, "duration": "4s", "graceful_stop": "5s", **config},
        "users": [
            {
                "name": "user",
                "concurrency": USERS,
                "behavior": [{"action": "before", "think_time": "0-200ms"}, peak, {"action": "after"}],
            }
        ],
        "actions": {"before": {"url": "/ok/before"}, "after": {"url": "/ok/after"}},
    }


@pytest.mark.parametrize("agents", [1, 3])
def test_nobody_goes_on_before_the_last_has_come(target: Target, fleet: Fleet, agents: int) -> None:
    outcome = fleet.run(meeting_plan(target.url, "30s"), agents)
    assert outcome.summary is not None, outcome.output
    assert outcome.code == 0, outcome.summary["verdict"]
    requests = sorted(target.records().requests, key=lambda entry: entry[3])
    came = went = 0
    for path, *_ in requests:
        came += path == "/ok/before"
        went += path == "/ok/after"
        # All of a round have come before the first of them goes on.
        assert went <= came // USERS * USERS
    assert went >= 2 * USERS
    (row,) = outcome.summary["transactions"]
    assert (row["transaction"], row["failures"]) == ("peak", 0)
    assert row["count"] == went
    assert outcome.summary["totals"]["sent"] == len(requests)


def test_users_whose_time_is_over_go_on_and_are_counted(target: Target, fleet: Fleet) -> None:
    plan = meeting_plan(target.url, "300ms")
    plan["users"].append({"name": "late", "concurrency": 1, "behavior": [{"action": "before", "think_time": "1h"}]})
    plan["users"][0] |= {"concurrency": USERS - 1, "iterations": 2}
    plan["users"][1]["behavior"].append({"rendezvous": "peak", "users": USERS, "timeout": "300ms"})
    outcome = fleet.run(plan, 2)
    assert outcome.summary is not None, outcome.output
    rows = {row["group"]: row for row in outcome.summary["transactions"]}
    assert (rows["user"]["count"], rows["user"]["errors"]) == (2 * (USERS - 1), {"timeout": 2 * (USERS - 1)})
    assert rows["late"]["count"] == 0


def test_the_users_of_a_killed_agent_are_awaited_in_their_new_place(target: Target, fleet: Fleet) -> None:
    plan = meeting_plan(target.url, "60s", duration="14s")
    master = fleet.start_master(plan, 3, "--lease", "3s", "--allow-missing", "90%")
    agents = [fleet.start_agent(f"agent-{number}") for number in range(3)]
    wait_until(lambda: target.count() > 6 * USERS, "the load")
    agents[0].kill()
    killed_after = target.count()
    outcome = fleet.wait(master, agents)
    assert outcome.summary is not None, outcome.output
    assert outcome.agent_codes == [-signal.SIGKILL, 0, 0], outcome.output
    assert target.count() > killed_after + 2 * USERS, "the others took the slots over, and went on with all"
    (row,) = outcome.summary["transactions"]
    assert row["failures"] == 0
