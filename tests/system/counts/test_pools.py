"""Pools: what one user pushes another one of the same agent pops, each value once."""

from typing import Any

from fleet_processes import Fleet, Target


def plan_of(url: str) -> dict[str, Any]:
    return {
        "config": {"name": "pools", "base_url": url, "duration": "10m", "graceful_stop": "5s"},
        "users": [
            {
                "name": "buyer",
                "concurrency": 3,
                "iterations": 20,
                "behavior": [{"push": {"orders": "{{ vu.slot }}-{{ vu.iteration }}"}}, "buy"],
            },
            {
                "name": "packer",
                "concurrency": 4,
                "iterations": 15,
                "behavior": [{"pop": {"order": "orders", "wait": "20s"}}, {"action": "pack"}],
            },
            {"name": "idler", "concurrency": 1, "iterations": 2, "behavior": [{"pop": {"x": "empty"}}, "buy"]},
        ],
        "actions": {"buy": {"url": "/ok/buy"}, "pack": {"url": "/ok/pack/{{ order }}"}},
        "thresholds": ["error_rate(buy, pack) < 1%"],
    }


def test_each_value_is_popped_once_and_an_empty_pool_is_a_failure(target: Target, fleet: Fleet) -> None:
    plan = plan_of(target.url)
    plan["users"][0]["behavior"].append({"push": {"empty": "1"}})
    del plan["users"][0]["behavior"][2]
    plan["users"].append(
        {
            "name": "never",
            "concurrency": 1,
            "iterations": 1,
            "behavior": [{"if": "false", "steps": [{"push": {"empty": 1}}]}, "buy"],
        }
    )
    outcome = fleet.run(plan, 1)
    paths = target.records().paths
    packed = {path: count for path, count in paths.items() if path.startswith("/ok/pack/")}
    assert packed == {f"/ok/pack/{slot}-{iteration}": 1 for slot in range(3) for iteration in range(20)}, outcome.output
    assert paths["/ok/buy"] == 60 + 2 + 1
    failed = outcome.actions["idler", "pop"]
    assert (failed["requests"], failed["unsent"], failed["errors"]) == (2, 2, {"data": 2})


def test_each_agent_has_pools_of_its_own(target: Target, fleet: Fleet) -> None:
    users = [
        {
            "name": "both",
            "concurrency": 6,
            "iterations": 20,
            "behavior": [
                {"push": {"orders": "{{ vu.slot }}-{{ vu.iteration }}"}},
                {"pop": {"order": "orders"}},
                "pack",
            ],
        }
    ]
    outcome = fleet.run({**plan_of(target.url), "users": users, "thresholds": []}, 3)
    paths = target.records().paths
    packed = {path: count for path, count in paths.items() if path.startswith("/ok/pack/")}
    # Who pushes and pops at once finds a value only if the pool is that of its own agent.
    assert packed == {f"/ok/pack/{slot}-{iteration}": 1 for slot in range(6) for iteration in range(20)}, outcome.output
    assert outcome.code == 0, outcome.output


def test_no_value_of_another_agent_is_popped(target: Target, fleet: Fleet) -> None:
    users = [
        {"name": "buyer", "concurrency": 1, "iterations": 5, "behavior": [{"push": {"orders": "1"}}, "buy"]},
        {"name": "packer", "concurrency": 1, "iterations": 5, "behavior": [{"pop": {"order": "orders"}}, "buy"]},
    ]
    outcome = fleet.run({**plan_of(target.url), "users": users, "thresholds": ["error_rate(buy) < 1%"]}, 2)
    shares = {agent["name"]: agent["requests"] for agent in outcome.summary["agents"]}
    failed = outcome.actions["packer", "pop"]["errors"].get("data", 0)
    assert all(shares.values()), "each agent has one of the users"
    assert failed == 5, outcome.output
