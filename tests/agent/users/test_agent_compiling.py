"""A group's behaviour is compiled with what its users need, and with nothing more."""

from typing import Any

import pytest
from agent_harness import FakeEngines

from gradual_agent.recording.recorder import Recorder
from gradual_agent.users.behaviour import Behaviour
from gradual_agent.users.compiling import compile_behaviour
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex


def compiled(group: dict[str, Any], config: dict[str, Any] | None = None, **actions: dict[str, Any]) -> Behaviour:
    plan = Plan.model_validate(
        {
            "config": {"base_url": "http://bank", "duration": "1m", **(config or {})},
            "users": [
                {"name": "other", "concurrency": 1, "behavior": ["a"]},
                {"name": "g", "concurrency": 1, **group},
            ],
            "actions": {"a": {"url": "/a"}, "b": {"url": "/b"}, **actions},
        }
    )
    recorder = Recorder(SeriesIndex.of(plan), lambda: 0)
    return compile_behaviour(plan, 1, recorder, FakeEngines(plan))


def test_each_step_is_recorded_under_its_number_in_the_plan() -> None:
    found = compiled({"on_start": ["a"], "behavior": ["b", "a"], "on_stop": ["b"]})
    steps = (*found.on_start.steps, *found.body.steps, *found.on_stop.steps)
    assert [step.record.number for step in steps] == [1, 2, 3, 4]
    assert [step.name for step in steps] == ["a", "b", "a#2", "b#2"]
    assert found.body.steps[1].action is found.on_start.steps[0].action


def test_think_times_come_from_the_step_the_group_or_the_plan() -> None:
    found = compiled({"behavior": [{"action": "a", "think_time": "1s"}, "b"], "think_time": "2s"}, {"think_time": "3s"})
    assert [step.fixed_wait for step in found.body.steps] == [1_000_000_000, 2_000_000_000]
    assert compiled({"behavior": ["a"]}, {"think_time": "3s"}).body.steps[0].fixed_wait == 3_000_000_000
    assert compiled({"behavior": ["a"]}).body.steps[0].fixed_wait == 0


def test_assertions_are_announced_to_the_record() -> None:
    found = compiled({"behavior": ["c"]}, c={"url": "/c", "assertions": [{"status_code": 200}, {"body_size": 1}]})
    assert found.body.steps[0].record.assertion_count == 2


@pytest.mark.parametrize(
    ("group", "config", "expected"),
    [
        ({}, {}, ("per_user", "keep_alive", False)),
        ({}, {"cookies": "per_iteration"}, ("per_iteration", "keep_alive", True)),
        ({"connections": "per_iteration"}, {"connections": "close"}, ("per_user", "per_iteration", True)),
        ({"connections": "close"}, {}, ("per_user", "close", False)),
    ],
)
def test_cookies_and_connections_come_from_the_group_or_the_plan(
    group: dict[str, Any], config: dict[str, Any], expected: tuple[str, str, bool]
) -> None:
    found = compiled({"behavior": ["a"], **group}, config)
    assert (found.cookies, found.connections, found.ends_iterations) == expected


def test_a_group_that_reads_no_response_and_extracts_nothing_has_nothing_to_reset() -> None:
    found = compiled({"behavior": ["a"]})
    assert (found.keeps_response, found.sets, found.starts_with) == (False, frozenset(), frozenset())
    extract = {"url": "/c", "extract": {"t": "json: t"}}
    started = compiled({"on_start": ["c"], "behavior": ["a"]}, c=extract)
    assert (started.keeps_response, started.sets, started.starts_with) == (False, frozenset(), frozenset({"t"}))
    assert compiled({"behavior": ["c"]}, c=extract).sets == frozenset({"t"})
