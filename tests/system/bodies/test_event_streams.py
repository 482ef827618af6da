"""Event streams over the fleet: what servers sent, which streams were left, and what is counted, side by side."""

from collections.abc import Iterator
from typing import Any

import pytest
from event_server import EventServer, running_event_server, running_wsgi_server
from fleet_processes import Fleet, wait_until

DONE = "{{ event.type == 'done' and event.json.n == event.count }}"


@pytest.fixture
def server() -> Iterator[EventServer]:
    with running_event_server() as running:
        yield running


def plan(url: str, actions: dict[str, dict[str, Any]], **config: Any) -> dict[str, Any]:
    return {
        "config": {"name": "streams", "base_url": url, "duration": "60s", **config},
        "users": [{"name": "a", "concurrency": 3, "iterations": 2, "behavior": list(actions)}],
        "actions": actions,
        "thresholds": ["count(metric=until_first_event) == 6", "error_rate < 50%"] if "until" in actions else [],
    }


def metrics_of(summary: dict[str, Any]) -> dict[str, tuple[int, float]]:
    """(values, sum) of each metric; of times only how many."""
    return {
        metric["name"]: (metric["count"], (metric["sum"] or 0.0) if metric["name"].endswith("_events") else 0.0)
        for metric in summary["metrics"]
    }


@pytest.mark.parametrize("agents", [1, 3])
def test_streams_are_read_until_their_goal_and_left(server: EventServer, fleet: Fleet, agents: int) -> None:
    actions = {
        "until": {"url": "/goes-on/5", "sse": {"until": DONE}, "extract": {"n": "json: n"}},
        "some": {"url": "/goes-on/9", "sse": {"max_events": 4}, "assertions": [{"json": "n == `4`"}]},
        "packed": {"url": "/gzip-goes-on/3", "sse": {"until": "{{ event.id == '3' }}"}},
        "whole": {"url": "/ends/7", "sse": {}},
        "short": {"url": "/ends/2", "sse": {"until": "{{ event.json.n == n + 1 }}"}},
        "page": {"url": "/page", "sse": {"until": DONE}},
        "timed": {"url": "/goes-on/6", "sse": {"within": "150ms"}},
        "late": {"url": "/goes-on/1", "sse": {"max_events": 2, "within": "150ms"}},
    }
    outcome = fleet.run(plan(server.url, actions), agents)
    assert outcome.code == 0, outcome.output[-4000:]
    steps = {name: (row["requests"], row["failures"]) for (_, name), row in outcome.actions.items()}
    assert steps == {name: (6, 6 if name in ("short", "page", "late") else 0) for name in actions}
    assert metrics_of(outcome.summary) == {
        "until_first_event": (6, 0.0), "until_event_gap": (24, 0.0), "until_events": (6, 30.0),
        "some_first_event": (6, 0.0), "some_event_gap": (18, 0.0), "some_events": (6, 24.0),
        "packed_first_event": (6, 0.0), "packed_event_gap": (12, 0.0), "packed_events": (6, 18.0),
        "whole_first_event": (6, 0.0), "whole_event_gap": (36, 0.0), "whole_events": (6, 42.0),
        "short_first_event": (6, 0.0), "short_event_gap": (6, 0.0), "short_events": (6, 12.0),
        "page_first_event": (0, 0.0), "page_event_gap": (0, 0.0), "page_events": (0, 0.0),
        "timed_first_event": (6, 0.0), "timed_event_gap": (30, 0.0), "timed_events": (6, 36.0),
        "late_first_event": (6, 0.0), "late_event_gap": (0, 0.0), "late_events": (6, 6.0),
    }  # fmt: skip
    wait_until(lambda: sum(n for (_, what), n in server.seen.items() if what == "left") == 30, "streams are left")
    assert server.seen == {
        **{(path, what): 6 for path in ("/ends/7", "/ends/2") for what in ("opened", "ended")},
        **{(path, what): 6 for path in ("/goes-on/5", "/goes-on/9", "/gzip-goes-on/3") for what in ("opened", "left")},
        **{(path, what): 6 for path in ("/goes-on/6", "/goes-on/1") for what in ("opened", "left")},
        ("/page", "opened"): 6,
    }
    samples = {(each["action"], each["kind"], each["detail"]) for each in outcome.summary["error_samples"]}
    assert samples == {
        ("short", "sse", "the stream ended before an event with '{{ event.json.n == n + 1 }}'; events: 2"),
        ("page", "sse", "the response is not an event stream that can be read: status 200, "
         "Content-Type 'text/plain; charset=utf-8'"),
        ("late", "sse", "no 2 events within 0.15 s; events: 1"),
    }  # fmt: skip


def test_a_stream_that_ends_with_its_connection_is_whole(fleet: Fleet) -> None:
    with running_wsgi_server() as url:
        outcome = fleet.run(
            plan(url, {"until": {"url": "/5", "sse": {"until": DONE}}, "rest": {"url": "/3", "sse": {}}}), 1
        )
    assert outcome.code == 0, outcome.output[-4000:]
    assert {name: (row["requests"], row["failures"]) for (_, name), row in outcome.actions.items()} == {
        "until": (6, 0),
        "rest": (6, 0),
    }
    assert metrics_of(outcome.summary)["rest_events"] == (6, 18.0)


def test_the_end_of_a_run_cuts_streams_at_once(server: EventServer, fleet: Fleet) -> None:
    """Users are in a request all the time that they read, and nothing waits for the end of a stream."""
    streams = plan(
        server.url,
        {
            "whole": {"url": "/ends/1", "sse": {}},
            "feed": {"url": "/goes-on/2", "sse": {"max_events": 3, "within": "50s"}},
        },
    )
    streams["config"] |= {"duration": "1s", "graceful_stop": "0s"}
    outcome = fleet.run(streams, 1)
    assert outcome.code == 0, outcome.output[-4000:]
    row = outcome.actions["a", "feed"]
    assert (row["sent"], row["requests"], row["failures"], row["interrupted"]) == (3, 0, 0, 3)
    wait_until(lambda: server.seen["/goes-on/2", "left"] == 3, "streams are left")
    assert metrics_of(outcome.summary) == {
        "whole_first_event": (3, 0.0), "whole_event_gap": (0, 0.0), "whole_events": (3, 3.0),
        "feed_first_event": (3, 0.0), "feed_event_gap": (3, 0.0), "feed_events": (0, 0.0),
    }  # fmt: skip


def test_the_streams_of_a_killed_agent_are_opened_by_others(server: EventServer, fleet: Fleet) -> None:
    streams = plan(server.url, {"feed": {"url": "/goes-on/2", "sse": {"max_events": 3, "within": "50s"}}})
    streams["config"] |= {"duration": "9s", "graceful_stop": "0s"}
    streams["users"] = [{"name": "a", "concurrency": 6, "behavior": ["feed"]}]
    master = fleet.start_master(streams, 3, "--lease", "3s", "--allow-missing", "90%")
    agents = [fleet.start_agent(f"agent-{number}") for number in range(3)]
    wait_until(lambda: server.seen["/goes-on/2", "opened"] == 6, "each user reads")
    agents[0].kill()
    wait_until(lambda: server.seen["/goes-on/2", "opened"] == 8, "the slots of the dead agent are taken over")
    outcome = fleet.wait(master, agents)
    assert outcome.summary is not None, outcome.output
    row = outcome.actions["a", "feed"]
    assert (row["sent"], row["requests"], row["interrupted"]) == (6, 0, 6), "two streams of the dead are not reported"
    assert server.seen["/goes-on/2", "opened"] == 8
    (dead,) = [agent for agent in outcome.summary["agents"] if agent["lost"]]
    assert dead["name"] == "agent-0"
