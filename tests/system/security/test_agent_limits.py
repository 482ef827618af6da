"""`gradual-agent --allow-host`: the operator of an agent decides where it sends, not the author of the plan."""

import socket
from typing import Any

import pytest
from fleet_processes import Fleet, Target


def plan(target: Target, url: str) -> dict[str, Any]:
    return {
        "config": {"name": "limits", "base_url": target.url, "duration": "60s"},
        "users": [{"name": "user", "concurrency": 4, "iterations": 5, "behavior": ["work", "elsewhere"]}],
        "actions": {"work": {"url": "/sleep/0.01"}, "elsewhere": {"url": url}},
    }


def test_a_plan_that_names_another_host_is_refused_before_any_load(target: Target, fleet: Fleet) -> None:
    master = fleet.start_master(plan(target, "http://10.99.0.1/"), 2)
    limited = fleet.start_agent("limited", "--allow-host", "127.0.0.0/8", "--processes", "2")
    outcome = fleet.wait(master, [limited, fleet.start_agent("free")])

    assert (outcome.code, outcome.agent_codes[0]) == (3, 3), outcome.output[-4000:]
    reason = (
        "the plan sends to 10.99.0.1:80, but on this agent --allow-host allows 127.0.0.0/8; its operator may"
        " allow it with --allow-host 10.99.0.1:80"
    )
    for side in ("master", "limited"):
        assert reason in " ".join(fleet.output(side).split())
    assert "agent limited-1" in fleet.output("master")
    assert target.count() == 0


def test_what_only_a_request_shows_is_a_counted_failure(target: Target, fleet: Fleet) -> None:
    """A host that a template or a redirect names is checked when it is dialled."""
    master = fleet.start_master(plan(target, "{{ 'http://other.example' }}/{{ vu.slot }}"), 1)
    outcome = fleet.wait(master, [fleet.start_agent("limited", "--allow-host", target.url.removeprefix("http://"))])

    assert outcome.agent_codes == [0], outcome.output[-4000:]
    assert outcome.arrived("work") == len(target.records().requests) == 4 * 5
    assert outcome.summary is not None
    (elsewhere,) = [row for row in outcome.summary["actions"] if row["step"] == "elsewhere"]
    assert elsewhere["errors"] == {"connect": 4 * 5}
    assert "this agent may not send to other.example:80" in str(outcome.summary["error_samples"])


def test_a_redirect_to_another_host_is_not_followed(target: Target, fleet: Fleet) -> None:
    """The server decides where a redirect leads, and the plan's author cannot know it; the agent does not go there."""
    with socket.create_server(("127.0.0.1", 0)) as outside:
        outside.setblocking(False)
        where = f"127.0.0.1:{outside.getsockname()[1]}"
        master = fleet.start_master(plan(target, f"/leave/{where}"), 1)
        outcome = fleet.wait(master, [fleet.start_agent("limited", "--allow-host", target.url.removeprefix("http://"))])
        with pytest.raises(BlockingIOError):
            outside.accept()

    assert outcome.agent_codes == [0], outcome.output[-4000:]
    assert len(target.records().requests) == 2 * 4 * 5
    assert outcome.summary is not None
    (elsewhere,) = [row for row in outcome.summary["actions"] if row["step"] == "elsewhere"]
    assert elsewhere["errors"] == {"connect": 4 * 5}
    assert f"this agent may not send to {where}" in str(outcome.summary["error_samples"])
