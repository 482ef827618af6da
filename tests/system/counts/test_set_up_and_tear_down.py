"""Set-up and teardown are performed once per run over the fleet, by the requests that the target counted."""

import re
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import Fleet, Outcome, Target, wait_until


def plan(url: str, **changes: Any) -> dict[str, Any]:
    """Users read a token that the set-up got; a set-up of several steps, and a teardown."""
    return {
        "config": {
            "name": "once",
            "base_url": url,
            "duration": "2s",
            "graceful_stop": "5s",
            "headers": {"X-User": "{{vu.group}}/{{vu.slot}}/{{vu.tenure}}"},
        },
        "setup": ["admin_login", "open_book"],
        "teardown": ["check_balances", "close_book"],
        "users": [{"name": "reader", "concurrency": 6, "behavior": [{"action": "read", "think_time": "50ms"}]}],
        "actions": {
            "admin_login": {
                "method": "POST",
                "url": "/login",
                "body": {"password": "good"},
                "extract": {"admin_token": "json: token"},
            },
            "open_book": {"method": "POST", "url": "/ok/open/{{admin_token}}"},
            "read": {"url": "/ok/read/{{admin_token}}"},
            "check_balances": {"url": "/ok/check/{{admin_token}}"},
            "close_book": {"url": "/ok/close"},
        },
        **changes,
    }


def with_action(written: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    written["actions"][name] = {**written["actions"][name], **changes}
    return written


def counted(target: Target) -> Counter[str]:
    return Counter(target.records().paths)


def check_sums(outcome: Outcome, target: Target) -> None:
    """All that the target counted is `sent`; set-up and teardown are a term of their own."""
    assert outcome.summary is not None, outcome.output
    totals, paths = outcome.summary["totals"], counted(target)
    of_users = paths["/ok/read/t-1"]
    assert (totals["sent"], totals["setup_sent"]) == (paths.total(), paths.total() - of_users)
    assert totals["requests"] + totals["interrupted"] == of_users
    assert {action["step"] for action in outcome.summary["actions"]} == {"read"}


@pytest.mark.parametrize("agents", [1, 3])
def test_both_are_performed_once_over_the_fleet(target: Target, fleet: Fleet, agents: int) -> None:
    outcome = fleet.run(plan(target.url), agents)
    assert (outcome.code, outcome.agent_codes) == (0, [0] * agents), outcome.output
    assert outcome.summary is not None
    paths = counted(target)
    assert [paths[path] for path in ("/login", "/ok/open/t-1", "/ok/check/t-1", "/ok/close")] == [1, 1, 1, 1]
    check_sums(outcome, target)
    setup, teardown = outcome.summary["setup"], outcome.summary["teardown"]
    assert (setup["status"], setup["reason"], teardown["status"], teardown["reason"]) == (
        "passed",
        None,
        "passed",
        None,
    )
    assert [(row["group"], row["step"], row["requests"], row["sent"]) for row in setup["actions"]] == [
        ("setup", "admin_login", 1, 1),
        ("setup", "open_book", 1, 1),
    ]
    assert [row["step"] for row in teardown["actions"]] == ["check_balances", "close_book"]
    requests = target.records().requests
    order = [re.match(r"/(login|ok/[a-z]+)", path)[1] for path, *_ in requests]  # type: ignore[index]
    assert order[:2] == ["login", "ok/open"], "before the load"
    assert order[-2:] == ["ok/check", "ok/close"], "after it"
    users = {user for _, user, *_ in requests}
    assert users == {"setup/0/1", "teardown/0/1", *(f"reader/{slot}/1" for slot in range(6))}


def test_what_the_set_up_extracts_is_shown_nowhere(target: Target, fleet: Fleet) -> None:
    token = "k7Zr-secret-91"
    written = plan(target.url)
    written = with_action(written, "admin_login", url="/login/echo", body={"token": token})
    written["secrets"] = {}
    written = with_action(written, "check_balances", url="/status/404", headers={"X-Note": "{{admin_token}}"})
    written["actions"]["admin_login"]["body"] = {"token": "{{ 'k7Zr-' + 'secret-91' }}"}
    written["actions"]["read"]["assertions"] = [{"body_contains": "nothing like it"}]
    outcome = fleet.run(written, 2, "-o", f"html={fleet.folder / 'r.html'}", "-o", f"markdown={fleet.folder / 'r.md'}")
    assert f"/ok/read/{token}" in counted(target), outcome.output
    for path in Path(fleet.folder).rglob("*"):
        if path.is_file() and path.name != "plan.yaml":
            assert token not in path.read_text(errors="replace"), path


def test_a_set_up_that_fails_sends_no_load_and_is_torn_down(target: Target, fleet: Fleet) -> None:
    outcome = fleet.run(with_action(plan(target.url), "open_book", url="/status/503"), 2)
    assert outcome.code == 3, outcome.output
    assert outcome.summary is not None
    verdict, setup = outcome.summary["verdict"], outcome.summary["setup"]
    assert verdict["status"] == "invalid"
    assert re.fullmatch(
        r"the set-up failed on agent agent-\d: step open_book failed: status \(HTTP 503\)", verdict["reasons"][0]
    )
    assert (setup["status"], setup["reason"]) == ("failed", verdict["reasons"][0])
    assert [(row["step"], row["failures"]) for row in setup["actions"]] == [("admin_login", 0), ("open_book", 1)]
    assert [error["label"] for error in setup["errors"]] == ["HTTP 503"]
    assert counted(target) == {"/login": 1, "/status/503": 1, "/ok/check/t-1": 1, "/ok/close": 1}
    assert outcome.summary["teardown"]["status"] == "passed", "it knows what was extracted before the failure"
    assert (outcome.summary["totals"]["sent"], outcome.summary["totals"]["setup_sent"]) == (4, 4)


def test_a_teardown_that_fails_fails_the_run(target: Target, fleet: Fleet) -> None:
    written = with_action(plan(target.url), "check_balances", assertions=[{"body_contains": "balanced"}])
    outcome = fleet.run(written, 3)
    assert outcome.code == 1, outcome.output
    assert outcome.summary is not None
    verdict, teardown = outcome.summary["verdict"], outcome.summary["teardown"]
    assert verdict["status"] == "failed"
    (reason,) = verdict["reasons"]
    assert re.match(
        r"the teardown failed on agent agent-\d: step check_balances failed: assertion:body_contains", reason
    )
    assert (teardown["status"], teardown["reason"]) == ("failed", reason)
    assert counted(target)["/ok/close"] == 1, "a teardown goes on after a failure"
    check_sums(outcome, target)


@pytest.mark.parametrize("agents", [1, 3])
def test_an_agent_that_dies_in_the_set_up_is_not_followed_by_another(target: Target, fleet: Fleet, agents: int) -> None:
    """The target holds the request of the set-up while its agent is killed."""
    written = with_action(plan(target.url), "open_book", url="/sleep/60", timeout="90s")
    master = fleet.start_master(written, agents, "--lease", "3s")
    names = [f"agent-{number}" for number in range(1, agents + 1)]
    processes = {name: fleet.start_agent(name) for name in names}
    wait_until(lambda: target.records().paths.get("/sleep/60"), "the set-up is in its second step")
    (line,) = [line for line in fleet.output("master").splitlines() if "the set-up begins" in line]
    victim = next(name for name in names if f'"{name}"' in line)
    fleet.signal(processes.pop(victim), signal.SIGKILL)
    outcome = fleet.wait(master, list(processes.values()))
    assert outcome.code == 3, outcome.output
    assert outcome.summary is not None
    assert outcome.summary["verdict"]["reasons"][0] == (
        f"the set-up failed on agent {victim}: it was lost before it reported the end, "
        "and nobody performs it a second time"
    )
    torn_down = {"/ok/close": 1} if agents > 1 else {}
    assert counted(target) == {"/login": 1, "/sleep/60": 1, **torn_down}
    assert outcome.summary["teardown"]["agent"] in (processes or {None})
    if agents == 1:
        assert outcome.summary["teardown"]["reason"] == ("the teardown failed: it was not performed: no agent is left")


def test_an_agent_that_dies_in_the_teardown_is_a_reason(target: Target, fleet: Fleet) -> None:
    written = with_action(plan(target.url), "close_book", url="/sleep/60", timeout="90s")
    master = fleet.start_master(written, 2, "--lease", "3s")
    processes = {name: fleet.start_agent(name) for name in ("agent-1", "agent-2")}
    wait_until(lambda: target.records().paths.get("/sleep/60"), "the teardown is in its second step")
    (line,) = [line for line in fleet.output("master").splitlines() if "the teardown begins" in line]
    victim = next(name for name in processes if f'"{name}"' in line)
    fleet.signal(processes.pop(victim), signal.SIGKILL)
    outcome = fleet.wait(master, list(processes.values()))
    assert outcome.code == 1, outcome.output
    assert outcome.summary is not None
    assert outcome.summary["verdict"]["reasons"] == [
        f"the teardown failed on agent {victim}: it was lost before it reported the end, "
        "and nobody performs it a second time"
    ]
    assert (counted(target)["/ok/check/t-1"], counted(target)["/sleep/60"]) == (1, 1)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_in_the_set_up_ends_it_and_tears_down(
    target: Target, fleet: Fleet, number: signal.Signals, code: int
) -> None:
    """The request in flight ends; no other step of the set-up, and no load, follows."""
    written = with_action(plan(target.url), "admin_login", url="/sleep/1", method="GET", extract={}, body=None)
    written["actions"]["read"]["url"] = written["actions"]["check_balances"]["url"] = "/ok/x"
    written["actions"]["open_book"]["url"] = "/ok/open"
    master = fleet.start_master(written, 1)
    agent = fleet.start_agent("a")
    wait_until(lambda: target.records().paths.get("/sleep/1"), "the set-up")
    fleet.signal(master, number)
    outcome = fleet.wait(master, [agent])
    assert outcome.code == code, outcome.output
    assert counted(target) == {"/sleep/1": 1, "/ok/x": 1, "/ok/close": 1}
    assert outcome.summary is not None
    assert outcome.summary["setup"]["reason"] == "the set-up failed on agent a: it was stopped before its end"
    assert outcome.summary["teardown"]["status"] == "passed"
    assert outcome.summary["totals"]["setup_sent"] == 3


def test_a_stop_under_load_tears_down_and_a_stop_in_the_teardown_ends_it(target: Target, fleet: Fleet) -> None:
    written = with_action(plan(target.url), "close_book", url="/sleep/60", timeout="90s")
    written["config"]["duration"] = "60s"
    master = fleet.start_master(written, 1)
    agent = fleet.start_agent("a")
    wait_until(lambda: target.records().paths.get("/ok/read/t-1"), "load")
    fleet.signal(master, signal.SIGINT)
    wait_until(lambda: target.records().paths.get("/sleep/60"), "the teardown")
    fleet.signal(master, signal.SIGINT)
    outcome = fleet.wait(master, [agent])
    assert outcome.code == 130, outcome.output
    assert outcome.summary is not None
    assert outcome.summary["verdict"]["reasons"][1:] == ["the teardown failed on agent a: it was cut: the run ended"]
    check_sums(outcome, target)


def test_a_set_up_without_a_teardown_is_cut_by_a_stop_and_what_it_sent_is_counted(target: Target, fleet: Fleet) -> None:
    written = with_action(plan(target.url), "open_book", method="GET", url="/sleep/60", timeout="90s")
    del written["teardown"], written["actions"]["check_balances"], written["actions"]["close_book"]
    master = fleet.start_master(written, 1)
    agent = fleet.start_agent("a")
    wait_until(lambda: target.records().paths.get("/sleep/60"), "the set-up is in its second step")
    fleet.signal(master, signal.SIGINT)
    outcome = fleet.wait(master, [agent])
    assert outcome.code == 130, outcome.output
    assert counted(target) == {"/login": 1, "/sleep/60": 1}
    check_sums(outcome, target)
    assert outcome.summary is not None
    setup = outcome.summary["setup"]
    assert setup["reason"] == "the set-up failed on agent a: it was cut: the run ended"
    assert [(row["requests"], row["interrupted"], row["sent"]) for row in setup["actions"]] == [(1, 0, 1), (0, 1, 1)]


def test_an_aborted_run_is_torn_down(target: Target, fleet: Fleet) -> None:
    written = plan(target.url, thresholds=[{"rule": "count < 20", "abort": True}])
    written["config"]["duration"] = "10m"
    outcome = fleet.run(written, 2)
    assert outcome.code == 1, outcome.output
    assert outcome.summary is not None
    assert outcome.summary["verdict"]["reasons"][0].startswith("stopped early: objective count < 20: observed ")
    assert (counted(target)["/ok/check/t-1"], counted(target)["/ok/close"]) == (1, 1)
    check_sums(outcome, target)


def test_flow_steps_work_in_both(target: Target, fleet: Fleet) -> None:
    written = plan(
        target.url,
        setup=[
            "admin_login",
            {"repeat": 3, "steps": [{"action": "open_book", "retry": {"attempts": 2}}]},
            {"set": {"book": "{{ admin_token + '-b' }}"}},
        ],
        teardown=[{"transaction": "closing", "steps": [{"parallel": ["check_balances", "close_book"]}]}],
    )
    written["actions"]["read"]["url"] = "/ok/read/{{book}}"
    outcome = fleet.run(written, 2)
    assert outcome.code == 0, outcome.output
    assert outcome.summary is not None
    paths = counted(target)
    reads = paths.pop("/ok/read/t-1-b")
    assert paths == {"/login": 1, "/ok/open/t-1": 3, "/ok/check/t-1": 1, "/ok/close": 1}
    assert outcome.summary["totals"]["setup_sent"] == 6
    assert outcome.summary["totals"]["sent"] == reads + 6
    assert [(row["transaction"], row["count"]) for row in outcome.summary["teardown"]["transactions"]] == [
        ("closing", 1)
    ]


def test_a_set_up_and_users_may_have_no_action(target: Target, fleet: Fleet) -> None:
    written = plan(target.url, setup=[{"set": {"admin_token": "t-1"}}], teardown=[{"sleep": "10ms"}])
    waiting = {"name": "waiting", "concurrency": 2, "behavior": [{"sleep": "20ms"}]}
    outcome = fleet.run({**written, "users": [*written["users"], waiting]}, 2)
    assert outcome.code == 0, outcome.output
    assert outcome.summary is not None
    assert outcome.agent_codes == [0, 0]
    assert counted(target) == {"/ok/read/t-1": outcome.summary["totals"]["sent"]}
    assert {group["name"]: group["iterations"] > 0 for group in outcome.summary["groups"]} == {
        "reader": True, "waiting": True,
    }  # fmt: skip
    assert {action["step"] for action in outcome.summary["actions"]} == {"read"}


def test_an_expression_that_fails_in_the_set_up_is_its_failure(target: Target, fleet: Fleet) -> None:
    failing = {"set": {"share": "{{ 100 / vu.iteration }}"}}
    outcome = fleet.run(plan(target.url, setup=["admin_login", failing], teardown=["close_book"]), 1)
    assert outcome.code == 3, outcome.output
    assert outcome.summary is not None
    assert outcome.agent_codes == [0]
    (reason,) = outcome.summary["verdict"]["reasons"]
    assert reason.startswith("the set-up failed on agent agent-1: step set failed: template"), reason
    assert "division by zero" in reason
    (sample,) = outcome.summary["setup"]["error_samples"]
    assert (sample["step"], sample["request"]) == ("set", None)
    assert counted(target) == {"/login": 1, "/ok/close": 1}
