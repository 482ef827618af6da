"""What a shape cannot say is checked: names that must exist, settings that exclude each other."""

from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small


def phase(**keys: Any) -> dict[str, Any]:
    return {"name": "p", "duration": "1m", **keys}


def with_phases(*phases: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return small(config__duration=None, config__phases=list(phases), **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"users__1__name": "a"}, "users.a.name: a second group is called 'a'"),
        (
            {"users__0__behavior__0": "lok"},
            "there is no action 'lok' (did you mean 'look'?; add it",
        ),
        ({"users__0__on_stop": ["bye"]}, "users.a.on_stop[0].action: there is no action 'bye'"),
        ({"config__base_url": None}, "config: base_url is missing: the url of 'look' is '/look' (add under config:"),
        ({"config__base_url": "bank.example"}, "config.base_url: 'bank.example' is not an absolute URL"),
        ({"config__base_url": "http://x/?a=1"}, "has a query or fragment"),
        ({"actions__look__url": "look"}, "actions.look.url: 'look' is not a URL; it begins with /"),
        ({"actions__post__form": {"a": 1}}, "body and form cannot be used together"),
        (
            {"actions__post__headers": {"content-TYPE": "multipart/form-data; x"}},
            "write form: instead of body:",
        ),
        ({"config__headers": {"Content-Type": "multipart/form-data"}}, "write form: instead of body:"),
        ({"config__duration": None}, 'config: duration is missing (add under config: duration: "5m"'),
        ({"config__duration": None, "users__0__iterations": 3}, "duration is missing; without iterations: b"),
        ({"config__duration": 0}, "config.duration: 0 must be above 0"),
        ({"config__timeout": "0s"}, "config.timeout: '0s' must be above 0"),
        ({"config__timeout": 30}, "config.timeout: 30 is not a duration; write it with a unit"),
        ({"users__0__behavior__0": {"action": "look", "success_rate": 95}}, "95 is above 1"),
        ({"users": []}, "users: at least 1 is needed"),
        ({"users__0__behavior": []}, "users.a.behavior: at least 1 is needed"),
        ({"users__0__concurrency": -1}, "users.a.concurrency: -1 must be at least 0"),
        ({"users__0__concurrency": 10**9}, "must be at most 10000000"),
        ({"thresholds": ["p95 < 500"]}, "thresholds[0]:"),
        (
            {"thresholds": [{"rule": "p95 < 5s", "after": "30s"}]},
            "thresholds[0].after: after is for objectives that end the run (add abort: true, or remove after)",
        ),
        (
            {"thresholds": [{"rule": "p95 < 5s", "abort": True, "severity": "warn"}]},
            "thresholds[0].abort: an objective that only warns cannot end the run",
        ),
        ({"thresholds": [{"rule": "count > 5", "abort": True}]}, "thresholds[0].abort: 'count > 5' is a count to be"),
        ({"thresholds": ["p95(lok) < 1s"]}, "there is no action 'lok' (did you mean 'look'?)"),
        ({"thresholds": ["p95(group=c) < 1s"]}, "there is no group 'c' (there are: a, b)"),
        ({"thresholds": ['p95(step="look#2") < 1s']}, "there is no step 'look#2' (did you mean 'look'?)"),
        ({"secrets": {"A": {}}}, "a secret is {env: NAME} or {file: path}"),
        ({"secrets": {"A": "s3cret"}}, "secrets.A: a mapping is expected"),
    ],
)
def test_one_mistake_is_reported_once(changes: dict[str, Any], message: str) -> None:
    found = [
        problem for problem in mistakes(small(**changes)) if "cannot read" not in problem and "not set" not in problem
    ]
    assert len(found) == 1, found
    assert message in found[0]


@pytest.mark.parametrize("key", ["duration", "ramp_up", "ramp_config"])
def test_phases_exclude_settings_of_a_single_phase(key: str) -> None:
    value = {"duration": "1m", "ramp_up": "additive"}.get(key, {"strategy": "linear"})
    plan = with_phases(phase())
    plan["config"][key] = value
    assert f"config.{key}: {key} cannot be used together with phases" in only_mistake(plan)


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ([phase(), phase()], "config.phases.p.name: a second phase is called 'p'"),
        ([phase(users={"c": 1})], "there is no group 'c' (groups: a, b)"),
        ([phase(users={"a": 0, "b": 0})], "config.phases.p.users: the phase has no users"),
        ([], "config.phases: the list is empty"),
        ([{"name": "p"}], "config.phases.p: duration is missing"),
    ],
)
def test_phases_are_whole(phases: list[Any], message: str) -> None:
    assert message in only_mistake(with_phases(*phases))


def test_a_plan_may_end_with_its_iterations() -> None:
    plan = load(small(config__duration=None, users__0__iterations=1, users__1__iterations=2)).plan
    assert plan.config.duration is None


def test_an_action_that_is_missing_in_several_places_is_reported_once() -> None:
    plan = small(users__0__behavior=["gone", "gone"], users__1__behavior=["gone"])
    assert "there is no action 'gone' (and in 2 more)" in only_mistake(plan)


def test_absolute_urls_need_no_base_url() -> None:
    plan = small(config__base_url=None, actions__look__url="https://x/y", actions__post__url="{{vu.slot}}")
    assert load(plan).plan.config.base_url is None


def test_names_in_thresholds_may_be_quoted_and_starred() -> None:
    plan = small(thresholds=['p95("look") < 1s', "p99(*) < 1s", "p50(group=b, ok) < 1s"])
    assert len(load(plan).plan.thresholds) == 3


def test_a_value_that_a_variable_left_empty_is_reported_once() -> None:
    plan = small(config__duration="${D}", config__base_url="${B}")
    assert len(mistakes(plan)) == 2


def test_a_group_may_be_switched_off() -> None:
    assert load(small(users__0__concurrency=0)).plan.users[0].concurrency == 0


def test_a_tls_key_comes_with_its_certificate() -> None:
    assert "config.tls: key needs a cert beside it" in "\n".join(mistakes(small(config__tls={"key": "k.pem"})))
