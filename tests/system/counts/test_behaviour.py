"""Conditions, failures and stops, by the requests that the target counted."""

import signal
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import Fleet, Target, free_port, wait_until


def login_plan(url: str, rows: Path) -> dict[str, Any]:
    return {
        "config": {"name": "logins", "base_url": url, "duration": "3s", "graceful_stop": "5s"},
        "users": [
            {
                "name": "member",
                "concurrency": 10,
                "data": {"user": str(rows)},
                "behavior": [
                    {"action": "login", "think_time": "20-60ms"},
                    {"action": "dashboard", "condition": "{{response.status == 'success'}}", "think_time": "20-60ms"},
                    {
                        "action": "error_handling",
                        "condition": "responses.login.status == 'error'",
                        "think_time": "30ms",
                    },
                ],
            }
        ],
        "actions": {
            "login": {
                "method": "POST",
                "url": "/login",
                "body": {"username": "{{user.name}}", "password": "{{user.password}}"},
                "assertions": [{"status_code": 200}, {"response_time": "< 30s"}],
                "extract": {"token": {"from": "json: token", "default": None}},
            },
            "dashboard": {"url": "/ok/dashboard", "headers": {"Authorization": "Bearer {{token}}"}},
            "error_handling": {"url": "/ok/help"},
        },
        "thresholds": ["success_rate(login) > 0%"],
    }


def test_a_failed_login_is_followed_by_error_handling_only(target: Target, fleet: Fleet, tmp_path: Path) -> None:
    rows = tmp_path / "users.csv"
    kinds = ["good", "bad"] * 5
    rows.write_text("name,password\n" + "".join(f"u{number},{kind}-1\n" for number, kind in enumerate(kinds)))
    outcome = fleet.run(login_plan(target.url, rows), 2)
    assert outcome.code == 0, outcome.output
    login, dashboard, handling = (outcome.actions["member", name] for name in ("login", "dashboard", "error_handling"))
    paths = target.records().paths
    good, bad = login["requests"] - login["errors"]["assertion:status_code"], login["errors"]["assertion:status_code"]
    assert login["status_codes"] == {"200": good, "401": bad}
    assert paths["/login"] == good + bad
    # Each user may have been stopped between its login and what follows it.
    assert 0 <= good - paths["/ok/dashboard"] <= 5
    assert 0 <= bad - paths["/ok/help"] <= 5
    assert dashboard["requests"] == paths["/ok/dashboard"] > 0
    assert handling["requests"] == paths["/ok/help"] > 0
    assert 0 <= bad - dashboard["skipped"] <= 5


def simple_plan(url: str, **config: Any) -> dict[str, Any]:
    return {
        "config": {"name": "simple", "base_url": url, "duration": "2s", "graceful_stop": "1s", **config},
        "users": [{"name": "reader", "concurrency": 4, "behavior": [{"action": "read", "think_time": "50ms"}]}],
        "actions": {"read": {"url": "/ok/read"}},
    }


def test_a_run_of_one_iteration_per_user_passes(target: Target, fleet: Fleet) -> None:
    """Five users finish within milliseconds of the thirty seconds; after that no user is missing."""
    plan = simple_plan(target.url, duration="30s")
    plan["users"][0] |= {"concurrency": 5, "iterations": 1, "behavior": ["read", "read", "read"]}
    outcome = fleet.run(plan | {"thresholds": ["error_rate < 1%"]}, 1)
    assert outcome.summary is not None
    verdict = outcome.summary["verdict"]
    assert (outcome.code, verdict["status"], verdict["reasons"]) == (0, "passed", []), outcome.output
    assert (outcome.summary["totals"]["requests"], outcome.summary["totals"]["iterations"]) == (15, 5)
    assert not any("user-seconds" in warning for warning in verdict["warnings"])
    # A noisy machine may be saturated; that is allowed here, and no other mark is.
    assert [set(level["marks"]) - {"saturated"} for level in outcome.summary["levels"]] == [set()]


def test_refused_connections_are_reported_as_connect_failures(fleet: Fleet) -> None:
    outcome = fleet.run(simple_plan(f"http://127.0.0.1:{free_port()}"), 1)
    assert outcome.code == 1, "error_rate < 100% is always checked"
    read = outcome.actions["reader", "read"]
    assert read["errors"] == {"connect": read["requests"]}
    assert read["requests"] > 4, "the users continued"
    assert outcome.summary is not None
    (error,) = outcome.summary["errors"]
    assert (error["label"], error["count"], error["share"]) == ("connection refused", read["requests"], 1.0)
    assert error["cause"].startswith("no connection to http://127.0.0.1:")
    assert "/ok/read → " in error["example"]
    assert outcome.summary["totals"]["unsent"] == read["requests"]
    assert outcome.summary["totals"]["sent"] == 0
    assert outcome.summary["totals"]["response_time_ms"]["p50"] is None, "no data is null, never 0"


def test_too_few_agents_end_the_run_with_3_and_their_number_is_reported(target: Target, fleet: Fleet) -> None:
    master = fleet.start_master(simple_plan(target.url), 3, "--agents-wait", "2s")
    agent = fleet.start_agent("only")
    outcome = fleet.wait(master, [agent])
    assert outcome.code == 3
    assert "1 of 3 agents" in outcome.output, outcome.output
    assert target.records().requests == []


def test_too_few_file_descriptors_are_reported_before_the_load_starts(target: Target, fleet: Fleet) -> None:
    plan = simple_plan(target.url)
    plan["users"][0]["concurrency"] = 500
    master = fleet.start_master(plan, 1)
    outcome = fleet.wait(master, [fleet.start_agent("small", files=300)])
    assert outcome.code == 3
    assert "500" in outcome.output
    assert "100" in outcome.output
    assert target.records().requests == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_users_finish_and_writes_the_report(
    target: Target, fleet: Fleet, number: signal.Signals, code: int
) -> None:
    master = fleet.start_master(simple_plan(target.url, duration="60s"), 1)
    agent = fleet.start_agent("a")
    wait_until(lambda: target.records().requests, "load")
    fleet.signal(master, number)
    outcome = fleet.wait(master, [agent])
    assert outcome.code == code, outcome.output
    assert outcome.summary is not None
    assert outcome.summary["verdict"]["status"] == "interrupted"
    assert outcome.arrived("read") == target.records().paths["/ok/read"]


def test_a_second_interrupt_stops_requests_in_flight(target: Target, fleet: Fleet) -> None:
    plan = simple_plan(target.url, duration="60s", graceful_stop="50s")
    plan["actions"]["read"]["url"] = "/sleep/40"
    plan["actions"]["read"]["timeout"] = "60s"
    master = fleet.start_master(plan, 1)
    agent = fleet.start_agent("a")
    wait_until(lambda: len(target.records().requests) == 4, "load")
    fleet.signal(master, signal.SIGINT)
    wait_until(lambda: "users finish" in fleet.output(), "the drain is reported")
    fleet.signal(master, signal.SIGINT)
    outcome = fleet.wait(master, [agent])
    assert outcome.code == 130, outcome.output
    assert outcome.actions["reader", "read"]["interrupted"] == 4


def test_a_run_of_iterations_ends_with_its_last_user(target: Target, fleet: Fleet) -> None:
    plan = simple_plan(target.url)
    del plan["config"]["duration"]
    plan["users"][0]["iterations"] = 7
    outcome = fleet.run(plan, 2)
    assert outcome.code == 0, outcome.output
    assert outcome.actions["reader", "read"]["requests"] == 4 * 7 == target.records().paths["/ok/read"]


def test_a_failed_expression_is_described_beside_failed_requests(target: Target, fleet: Fleet) -> None:
    plan = simple_plan(target.url)
    steps = [{"if": "{{ extracted.name }}", "steps": ["read"]}, "broken"]
    plan["users"][0] |= {"iterations": 2, "behavior": steps}
    plan["actions"]["broken"] = {"url": "/status/500", "extract": {"extracted": {"from": "json: x", "default": None}}}
    outcome = fleet.run(plan, 1)
    assert outcome.summary is not None, outcome.output
    described = {(sample["step"], sample["kind"]) for sample in outcome.summary["error_samples"]}
    assert described == {("if", "template"), ("broken", "status")}, outcome.output
