"""Every construct of a behaviour, by the counts of the target: with one agent, with three, and with one killed."""

import signal
from collections import Counter
from typing import Any

import pytest
from fleet_processes import Fleet, Outcome, Target, wait_until

USERS = 12

BEHAVIOR: list[Any] = [
    {"action": "login", "retry": {"attempts": 3, "delay": "5ms", "on": ["5xx"]}},
    {"repeat": "1-3", "steps": [{"action": "page", "think_time": "5-15ms"}]},
    {"while": "responses.more is not defined or responses.more.json.ok and vu.iteration % 2", "max": 2,
     "steps": [{"action": "more", "name": "more"}]},
    {"choose": [
        {"weight": 70, "steps": ["rates"]},
        {"weight": 20, "steps": [{"action": "transfer", "on_failure": "continue"}]},
        {"weight": 10, "steps": []},
    ]},
    {"transaction": "checkout", "steps": ["cart", {"sleep": "10ms"}, {"transaction": "pay", "steps": ["pay"]}]},
    {"parallel": ["one", "two", {"repeat": 2, "steps": ["three"]}], "connections": 2},
    {"poll": "job", "until": "random_int(1, 3) == 1", "every": "5ms", "within": "20s"},
    {"if": "response.status_code == 200", "steps": ["done"], "else": ["never"]},
    {"set": {"share": "{{ random_int(1, 10) }}"}},
    {"action": "gone", "condition": "share == 1", "on_failure": "end_iteration"},
    {"action": "last", "think_time": "10-30ms"},
]  # fmt: skip

PATHS = {
    "login": "/status/503", "transfer": "/status/500", "gone": "/status/410", "job": "/sleep/0.002",
} | {name: f"/ok/{name}" for name in (
    "page", "more", "rates", "cart", "pay", "one", "two", "three", "done", "never", "last",
)}  # fmt: skip


def flow_plan(url: str, **config: Any) -> dict[str, Any]:
    return {
        "config": {"name": "flow", "base_url": url, "duration": "4s", "graceful_stop": "5s", "seed": 7, **config},
        "users": [{"name": "user", "concurrency": USERS, "behavior": BEHAVIOR}],
        "actions": {name: {"url": path} for name, path in PATHS.items()},
        "thresholds": ["transaction.success_rate(checkout) >= 100%", "success_rate(transaction=job) >= 100%"],
    }


def sent_by_path(outcome: Outcome) -> Counter[str]:
    counts = Counter[str]()
    for row in outcome.actions.values():
        counts[PATHS[row["action"]]] += row["sent"]
    return +counts


@pytest.mark.parametrize("agents", [1, 3])
def test_each_request_of_each_construct_is_counted_once(target: Target, fleet: Fleet, agents: int) -> None:
    outcome = fleet.run(flow_plan(target.url), agents)
    assert outcome.summary is not None, outcome.output
    assert outcome.code == 0, outcome.summary["verdict"]
    paths = target.records().paths
    assert sent_by_path(outcome) == +Counter(paths)
    rows = {step: row for (_, step), row in outcome.actions.items()}
    totals = outcome.summary["totals"]

    # What the constructs promise, by the target's own counts; a stop may have come between two steps of each user.
    assert "/ok/never" not in paths
    assert rows["login"]["errors"] == {"status": rows["login"]["requests"]}
    assert totals["retried"] == paths["/status/503"] - rows["login"]["requests"] - rows["login"]["interrupted"]
    assert 0 <= 3 * rows["login"]["requests"] - paths["/status/503"] <= 2 * USERS
    assert rows["page"]["requests"] > rows["login"]["requests"]
    assert abs(paths["/ok/three"] - 2 * paths["/ok/one"]) <= 2 * USERS
    chosen = rows["rates"]["requests"] + rows["transfer"]["requests"]
    for step, share in (("rates", 7 / 9), ("transfer", 2 / 9)):
        error = 3 * (chosen * share * (1 - share)) ** 0.5
        assert abs(rows[step]["requests"] - chosen * share) <= error

    transactions = {row["transaction"]: row for row in outcome.summary["transactions"]}
    assert transactions.keys() == {"checkout", "pay", "job"}
    assert transactions["pay"]["count"] == rows["pay"]["requests"]
    assert 0 <= transactions["pay"]["count"] - transactions["checkout"]["count"] <= USERS
    # A poll is done with its last request: each is followed by the step after it, unless a stop came between.
    assert 0 <= transactions["job"]["count"] - rows["done"]["requests"] <= USERS
    assert rows["job"]["requests"] >= transactions["job"]["count"] > 0
    # An iteration ends with its last step, or with the failed one that says so.
    ended = rows["last"]["requests"] + rows["gone"]["requests"]
    assert totals["iterations"] == ended


def test_a_killed_agent_loses_no_more_than_it_had_not_reported(target: Target, fleet: Fleet) -> None:
    plan = flow_plan(target.url, duration="9s")
    master = fleet.start_master(plan, 3, "--lease", "3s", "--allow-missing", "90%")
    agents = [fleet.start_agent(f"agent-{number}") for number in range(3)]
    wait_until(lambda: target.count() > 300, "the load")
    agents[0].kill()
    outcome = fleet.wait(master, agents)
    assert outcome.summary is not None, outcome.output
    assert outcome.agent_codes == [-signal.SIGKILL, 0, 0], outcome.output
    paths, sent = Counter(target.records().paths), sent_by_path(outcome)
    assert not sent - paths, "nothing is reported that the target did not see"
    lost = (paths - sent).total()
    fleet_row = outcome.summary["fleet"]
    assert fleet_row["begun"] - fleet_row["merged"] <= lost
    (dead,) = [row for row in outcome.summary["agents"] if row["lost"]]
    assert dead["name"] == "agent-0"
    # Its slots went to the others, whose users began at the first step of an iteration.
    last = max(entry[3] for entry in target.records().requests)
    assert sum(entry[0] == PATHS["login"] and entry[3] > last - 2 * 10**9 for entry in target.records().requests) > 0
    assert outcome.summary["groups"][0]["users_max"] == USERS
