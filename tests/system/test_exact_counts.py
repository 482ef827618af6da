"""Every request that reached the system is counted once: the report against the target's own books."""

from collections import Counter
from typing import Any

import pytest
from conftest import Books, Fleet, Outcome, Target

STEPS = {"read": "/ok/read", "write": "/ok/write", "slow": "/sleep/3", "missing": "/status/404", "hops": "/redirect/2"}


def plan(url: str, graceful_stop: str) -> dict[str, Any]:
    """Quick steps in one group, 3-second requests in the other, and an end in the middle of them."""
    return {
        "config": {
            "name": "counts",
            "base_url": url,
            "duration": "4s",
            "graceful_stop": graceful_stop,
            "ramp_up": {"strategy": "additive", "initial": 10, "increment": 10, "interval": "700ms"},
        },
        "users": [
            {
                "name": "quick",
                "concurrency": 28,
                "on_start": [{"action": "hello"}],
                "on_stop": [{"action": "bye"}],
                "behavior": [
                    {"action": "read", "think_time": "10-50ms"},
                    {"action": "write", "think_time": "10-50ms"},
                    {"action": "missing"},
                    {"action": "hops", "think_time": {"distribution": "exponential", "mean": "30ms"}},
                ],
            },
            {"name": "slow", "concurrency": 12, "behavior": [{"action": "slow"}]},
        ],
        "actions": {
            "hello": {"url": "/ok/hello"},
            "bye": {"url": "/ok/bye"},
            "read": {"url": "/ok/read?q={{vu.iteration}}"},
            "write": {"url": "/ok/write", "method": "POST", "body": {"user": "{{vu.slot}}"}},
            "missing": {"url": "/status/404", "assertions": [{"status_code": 404}]},
            "hops": {"url": "/redirect/2"},
            "slow": {"url": "/sleep/3"},
        },
    }


def counted(books: Books) -> Counter[str]:
    """The target's count per step; the hops of a redirect are told apart by their path."""
    return Counter(path.partition("?")[0] for path, *_ in books.requests)


def check(outcome: Outcome, books: Books) -> None:
    seen = counted(books)
    assert outcome.summary is not None, outcome.said
    totals = outcome.summary["totals"]
    for step, path in {**STEPS, "hello": "/ok/hello", "bye": "/ok/bye"}.items():
        assert outcome.arrived(step) == seen[path], (step, outcome.actions, outcome.said)
    assert totals["sent"] == sum(seen.values())
    assert totals["requests"] - totals["unsent"] + totals["interrupted"] + totals["hops"] == sum(seen.values())
    assert outcome.summary["fleet"]["begun"] == outcome.summary["fleet"]["merged"]
    assert totals["resent"] == totals["retried"] == 0


@pytest.mark.parametrize("agents", [1, 2, 4])
@pytest.mark.parametrize("graceful_stop", ["10s", "200ms"])
def test_the_report_equals_the_systems_own_count(target: Target, fleet: Fleet, agents: int, graceful_stop: str) -> None:
    outcome = fleet.run(plan(target.url, graceful_stop), agents)
    assert outcome.code == 0, outcome.said
    assert outcome.agent_codes == [0] * agents, outcome.said
    check(outcome, target.books())
    slow = outcome.actions["slow", "slow"]
    if graceful_stop == "200ms":
        assert slow["interrupted"] == 12, "every 3-second request was in flight when the stop cut it"
    else:
        assert slow["interrupted"] == 0


def test_hops_are_counted_apart(target: Target, fleet: Fleet) -> None:
    outcome = fleet.run(plan(target.url, "5s"), 1)
    seen = counted(target.books())
    assert outcome.summary is not None
    assert outcome.summary["totals"]["hops"] == seen["/redirect/1"] + seen["/ok"] == 2 * outcome.arrived("hops")
