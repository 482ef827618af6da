"""10,000 users on six agent processes, with a new connection for each request: a tenth of `bench/many_users.py`."""

from typing import Any

from fleet_processes import Fleet, Target
from request_log import RequestLog

USERS = 10_000
PROCESSES = 6


def plan(url: str) -> dict[str, Any]:
    """A linear ramp, then all users for long enough that each sends a second request."""
    return {
        "config": {
            "name": "many",
            "base_url": url,
            "graceful_stop": "10s",
            "headers": {"X-User": "{{vu.group}}/{{vu.slot}}/{{vu.tenure}}"},
            "phases": [
                {"name": "ramp", "duration": "20s", "ramp_up": {"strategy": "linear", "over": "20s"}},
                {
                    "name": "hold",
                    "duration": "18s",
                    "ramp_up": {"strategy": "levels", "levels": [{"concurrency": USERS}]},
                },
            ],
        },
        "users": [
            {
                "name": "saver",
                "concurrency": USERS,
                "connections": "close",
                "behavior": [{"action": "work", "think_time": "10-15s"}],
            }
        ],
        "actions": {"work": {"url": "/ok"}},
    }


def test_ten_thousand_users_with_a_connection_for_each_request_are_exact(target: Target, fleet: Fleet) -> None:
    master = fleet.start_master(plan(target.url), 1)
    agent = fleet.start_agent("agent", "--processes", str(PROCESSES))
    outcome = fleet.wait(master, [agent])
    assert (outcome.code, outcome.agent_codes) == (0, [0]), outcome.output
    assert outcome.summary is not None
    records = target.records()
    log = RequestLog.of(records)

    # Every user came, none was two, and each request was counted once.
    assert {number for _, number in log.slots} == set(range(USERS))
    assert (log.stale(), log.overlapping()) == ([], [])
    assert log.max_users() <= USERS
    totals, counts = outcome.summary["totals"], outcome.summary["fleet"]
    assert totals["sent"] == counts["begun"] == counts["merged"] == len(log.requests)
    assert totals["failures"] == 0

    # Each request had a connection of its own; one more asked for these records.
    assert records.connections == len(log.requests) + 1
    assert len(outcome.summary["agents"]) == PROCESSES
