"""A master, its agents and the system on hosts of their own: what one agent does is told apart by its address."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import Outcome
from hosts import HostFleet, several_hosts
from ledger import Ledger

LEVELS = (3, 11, 40, 23)
LEVEL_S = 1.5


def plan(url: str) -> dict[str, Any]:
    """Levels up and down; every user sends at least five times a second."""
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
            {"name": "guests", "concurrency": 15, "behavior": [{"action": "look", **step}]},
        ],
        "actions": {"read": {"url": "/ok/read"}, "look": {"url": "/ok/look"}},
    }


def users_by_host(ledger: Ledger) -> Counter[str]:
    """How many users each host showed."""
    return Counter(host for host, _ in {(request.host, request.seat) for request in ledger.requests})


def check_counts(outcome: Outcome, ledger: Ledger, fleet: HostFleet) -> None:
    """The report's counts are the system's own, of each agent too."""
    assert outcome.summary is not None, outcome.said
    by_host = Counter(fleet.network.name_of(request.host) for request in ledger.requests)
    assert {agent["name"]: agent["requests"] for agent in outcome.summary["agents"]} == by_host
    assert outcome.summary["totals"]["sent"] == by_host.total()
    assert outcome.arrived("read") == sum(request.group == "members" for request in ledger.requests)
    assert outcome.arrived("look") == sum(request.group == "guests" for request in ledger.requests)
    assert outcome.summary["fleet"]["begun"] == outcome.summary["fleet"]["merged"]
    assert outcome.summary["fleet"]["moves"] == 0


@pytest.mark.parametrize("weights", [(100,), (50, 100), (100, 100, 100), (10, 20, 30, 40, 50, 60, 70)], ids=len)
def test_at_every_level_each_agent_is_within_one_user_of_its_share(tmp_path: Path, weights: tuple[int, ...]) -> None:
    names = [f"agent-{number}" for number in range(1, len(weights) + 1)]
    with several_hosts(tmp_path, names) as (fleet, target):
        master = fleet.start_master(plan(target.url), len(names))
        agents = [
            fleet.start_agent(name, "--max-users", str(weight)) for name, weight in zip(names, weights, strict=True)
        ]
        outcome = fleet.wait(master, agents)
        ledger = Ledger.of(target.books())
        assert outcome.code == 0, outcome.said
        assert outcome.agent_codes == [0] * len(names), outcome.said
        check_counts(outcome, ledger, fleet)

        assert ledger.overlapping() == []
        assert ledger.stale() == []
        assert ledger.most_present() == max(LEVELS)
        assert outcome.summary is not None
        assert [level["target"] for level in outcome.summary["levels"]] == list(LEVELS)
        for level, inside in ledger.inside(outcome.summary["levels"]):
            users = users_by_host(inside)
            assert users.total() == level["target"], level
            for name, weight in zip(names, weights, strict=True):
                share = level["target"] * weight / sum(weights)
                assert abs(users[fleet.network[name].address] - share) <= 1, (level, users)
