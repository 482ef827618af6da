"""`per: iteration`: every row is used once in the run, on any number of agents, also when one of them is killed."""

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import Fleet, Target, wait_until

USERS = 30


def plan_of(url: str, folder: Path, rows: int, **data: Any) -> dict[str, Any]:
    """Users that send a row each time they can."""
    (folder / "rows.csv").write_text("id\n" + "".join(f"{number}\n" for number in range(rows)))
    return {
        "config": {"name": "rows", "base_url": url, "duration": "10m", "graceful_stop": "5s"},
        "users": [
            {
                "name": "customer",
                "concurrency": USERS,
                "data": {"item": {"file": "rows.csv", "per": "iteration", **data}},
                "behavior": [{"action": "use", "think_time": "5ms"}],
            }
        ],
        "actions": {"use": {"url": "/ok/{{item.id}}"}},
    }


def used(target: Target) -> Counter[int]:
    """How often the system has seen each row."""
    return Counter({int(path.removeprefix("/ok/")): count for path, count in target.records().paths.items()})


@pytest.mark.parametrize("agents", [1, 3])
def test_every_row_is_used_once_and_then_the_run_ends(target: Target, fleet: Fleet, agents: int) -> None:
    outcome = fleet.run(plan_of(target.url, fleet.folder, 5000), agents)
    assert outcome.code == 0, outcome.output
    assert outcome.summary is not None
    assert used(target) == Counter(range(5000))
    assert outcome.arrived("use") == outcome.summary["totals"]["iterations"] == 5000
    numbers = dict.fromkeys(("rows", "handed_out", "used"), 5000)
    assert outcome.summary["data"] == [{"name": "item", **numbers, "lost": 0, "exhausted": True}]
    assert outcome.agent_codes == [0] * agents


def test_rows_that_are_recycled_are_used_again_when_all_were_handed_out(target: Target, fleet: Fleet) -> None:
    plan = plan_of(target.url, fleet.folder, 100, on_exhausted="recycle")
    plan["users"][0]["iterations"] = 20
    outcome = fleet.run(plan, 3)
    assert outcome.code == 0, outcome.output
    assert outcome.summary is not None
    [row] = outcome.summary["data"]
    counts = used(target)
    assert counts.total() == row["used"] == 20 * USERS
    assert counts.keys() == set(range(100))
    assert max(counts.values()) <= -(-row["handed_out"] // 100), "once in each pass"


def test_a_run_whose_rows_are_used_up_fails_if_the_plan_says_so(target: Target, fleet: Fleet) -> None:
    outcome = fleet.run(plan_of(target.url, fleet.folder, 200, on_exhausted="abort"), 3)
    assert outcome.code == 1, outcome.output
    assert outcome.summary is not None
    assert outcome.summary["verdict"]["reasons"][0].startswith(
        "stopped early: the rows of 'item' (rows.csv) are used up in the group 'customer'"
    )
    assert max(used(target).values()) == 1


def test_no_row_is_used_twice_over_100_000_rows_and_a_killed_agent(target: Target, fleet: Fleet) -> None:
    """The plan has no think time, so that 100,000 rows are soon used."""
    plan = plan_of(target.url, fleet.folder, 100_000)
    plan["users"][0]["behavior"] = ["use"]
    master = fleet.start_master(plan, 3, "--lease", "3s")
    agents = [fleet.start_agent(f"agent-{number}") for number in (1, 2, 3)]
    wait_until(lambda: target.count() > 5000, "rows are used")
    fleet.signal(agents[1], signal.SIGKILL)
    outcome = fleet.wait(master, agents)
    assert outcome.summary is not None, outcome.output
    counts = used(target)
    [row] = outcome.summary["data"]
    assert max(counts.values()) == 1
    assert row["handed_out"] == row["rows"] == 100_000
    assert row["used"] + row["lost"] == 100_000
    # The lost agent has used more rows than it could report, and fewer than it had got.
    assert row["used"] <= len(counts) <= 100_000
    assert len(counts) >= 100_000 - row["lost"]
    assert any("went with lost agents" in warning for warning in outcome.summary["verdict"]["warnings"])
