"""Every request that reached the system is counted once: the report has the target's counts."""

from collections import Counter
from typing import Any

import pytest
from fleet_processes import Fleet, Outcome, Target, TargetRecords

PATHS = {
    "hello": "/ok/hello",
    "bye": "/ok/bye",
    "read": "/ok/read",
    "write": "/ok/write",
    "missing": "/status/404",
    "hops": "/redirect/2",
}
SLOW = "/sleep/"


def plan(url: str, graceful_stop: str, slow_s: int) -> dict[str, Any]:
    """Quick steps in one group, slow requests in the other one, which are in flight when the run ends."""
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
            "slow": {"url": f"{SLOW}{slow_s}"},
        },
    }


def counted(records: TargetRecords) -> Counter[str]:
    """The target's count per path. Each hop of a redirect has its own path; slow requests have one for all times."""
    paths = (path.partition("?")[0] for path, *_ in records.requests)
    return Counter(SLOW if path.startswith(SLOW) else path for path in paths)


def check(outcome: Outcome, records: TargetRecords) -> None:
    seen = counted(records)
    assert outcome.summary is not None, outcome.output
    totals = outcome.summary["totals"]
    for step, path in {**PATHS, "slow": SLOW}.items():
        assert outcome.arrived(step) == seen[path], (step, outcome.actions, outcome.output)
    assert totals["sent"] == sum(seen.values())
    assert totals["requests"] - totals["unsent"] + totals["interrupted"] + totals["hops"] == sum(seen.values())
    assert outcome.summary["fleet"]["begun"] == outcome.summary["fleet"]["merged"]
    assert totals["resent"] == totals["retried"] == 0


@pytest.mark.parametrize("agents", [1, 2, 4])
@pytest.mark.parametrize(("graceful_stop", "slow_s"), [("10s", 3), ("200ms", 60)])
def test_the_report_has_the_targets_counts(
    target: Target, fleet: Fleet, agents: int, graceful_stop: str, slow_s: int
) -> None:
    outcome = fleet.run(plan(target.url, graceful_stop, slow_s), agents)
    assert outcome.code == 0, outcome.output
    assert outcome.agent_codes == [0] * agents, outcome.output
    check(outcome, target.records())
    slow = outcome.actions["slow", "slow"]
    if graceful_stop == "200ms":
        assert slow["interrupted"] == 12, "every user's slow request was in flight at the end"
    else:
        assert slow["interrupted"] == 0


def test_hops_are_counted_separately(target: Target, fleet: Fleet) -> None:
    outcome = fleet.run(plan(target.url, "5s", 3), 1)
    seen = counted(target.records())
    assert outcome.summary is not None
    assert outcome.summary["totals"]["hops"] == seen["/redirect/1"] + seen["/ok"] == 2 * outcome.arrived("hops")
