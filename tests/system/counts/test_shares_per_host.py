"""The master, each agent and the system have their own hosts: the address of a request says which agent sent it."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import Outcome
from hosts import HostFleet, several_hosts
from request_log import RequestLog

LEVELS = (3, 11, 40, 23)
LEVEL_S = 2.5


def plan(url: str) -> dict[str, Any]:
    """Levels up and down; every user sends at least four requests per second."""
    step = {"think_time": "100-200ms"}
    return {
        "config": {
            "name": "hosts",
            "base_url": url,
            "duration": f"{LEVEL_S * len(LEVELS)}s",
            "graceful_stop": "5s",
            "ramp_up": {
                "strategy": "levels",
                "levels": [{"concurrency": users, "for": f"{LEVEL_S}s"} for users in LEVELS],
            },
            "headers": {"X-User": "{{vu.group}}/{{vu.slot}}/{{vu.tenure}}"},
        },
        "users": [
            {"name": "members", "concurrency": 25, "behavior": [{"action": "read", **step}]},
            {"name": "guests", "concurrency": 15, "behavior": [{"action": "view", **step}]},
        ],
        "actions": {"read": {"url": "/ok/read"}, "view": {"url": "/ok/view"}},
    }


def users_by_host(log: RequestLog) -> Counter[str]:
    """The number of users per host."""
    return Counter(host for host, _ in {(request.host, request.slot) for request in log.requests})


def check_counts(outcome: Outcome, log: RequestLog, fleet: HostFleet) -> None:
    """The report has the target's counts, also per agent."""
    assert outcome.summary is not None, outcome.output
    by_host = Counter(fleet.network.name_of(request.host) for request in log.requests)
    assert {agent["name"]: agent["requests"] for agent in outcome.summary["agents"]} == by_host
    assert outcome.summary["totals"]["sent"] == by_host.total()
    assert outcome.arrived("read") == sum(request.group == "members" for request in log.requests)
    assert outcome.arrived("view") == sum(request.group == "guests" for request in log.requests)
    assert outcome.summary["fleet"]["begun"] == outcome.summary["fleet"]["merged"]
    assert outcome.summary["fleet"]["moves"] == 0


@pytest.mark.parametrize("weights", [(100,), (50, 100), (100, 100, 100), (10, 20, 30, 40, 50, 60, 70)], ids=len)
def test_each_agent_has_its_share_of_users_at_every_level(tmp_path: Path, weights: tuple[int, ...]) -> None:
    names = [f"agent-{number}" for number in range(1, len(weights) + 1)]
    with several_hosts(tmp_path, names) as (fleet, target):
        master = fleet.start_master(plan(target.url), len(names))
        agents = [
            fleet.start_agent(name, "--max-users", str(weight)) for name, weight in zip(names, weights, strict=True)
        ]
        outcome = fleet.wait(master, agents)
        log = RequestLog.of(target.records())
        assert outcome.code == 0, outcome.output
        assert outcome.agent_codes == [0] * len(names), outcome.output
        check_counts(outcome, log, fleet)

        assert log.overlapping() == []
        assert log.stale() == []
        assert log.max_users() == max(LEVELS)
        assert outcome.summary is not None
        assert [level["target"] for level in outcome.summary["levels"]] == list(LEVELS)
        for level, requests in log.by_level(outcome.summary["levels"]):
            users = users_by_host(requests)
            assert users.total() == level["target"], level
            for name, weight in zip(names, weights, strict=True):
                share = level["target"] * weight / sum(weights)
                assert abs(users[fleet.network[name].address] - share) <= 1, (level, users)
