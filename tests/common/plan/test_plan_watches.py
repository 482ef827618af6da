"""`watch:` in a plan: its shape, its secrets, and the objectives on it."""

from typing import Any

import pytest

from gradual_common.errors import PlanError
from gradual_common.plan.loader import LoadedPlan, PlanSource, load_plan
from gradual_common.protocol.job import Job, without_watches

CPU = {"prometheus": "http://prom:9090", "query": "cpu", "unit": "%"}
QUEUE = {"exporter": "http://host/metrics", "metric": "queue", "unit": "jobs"}


def load(watch: dict[str, Any], *rules: str, **keys: Any) -> LoadedPlan:
    plan = {
        "config": {"base_url": "http://x", "duration": "1s"},
        "users": [{"name": "u", "concurrency": 1, "behavior": ["a"]}],
        "actions": {"a": {"url": "/"}},
        "watch": watch,
        "thresholds": list(rules),
        **keys,
    }
    return load_plan(PlanSource(mapping=plan), environ={"TOKEN": "t0ps3cret"})


def test_a_limit_has_the_unit_of_its_watch() -> None:
    loaded = load({"cpu": CPU, "queue": QUEUE}, "watch.cpu < 80%", "watch.queue.max < 5 for 1s")
    assert loaded.plan.watch["cpu"].unit == "%"


@pytest.mark.parametrize(
    ("watch", "rules", "message"),
    [
        ({"cpu": CPU}, ["watch.cpu < 80"], "write the limit of 'cpu' as 80%, because its unit is '%'"),
        ({"queue": QUEUE}, ["watch.queue < 80%"], "write the limit of 'queue' as 80, because its unit is 'jobs'"),
        ({"cpu": CPU}, ["watch.cpo < 80%"], "there is no watch 'cpo'"),
        ({"cpu": {"query": "up"}}, [], "a watch has prometheus: URL with a query, or exporter"),
        ({"cpu": {"prometheus": "http://p"}}, [], "prometheus needs query"),
        ({"cpu": {**CPU, "rate": True}}, [], "rate and scale are for exporters"),
        ({"cpu": {**QUEUE, "query": "up"}}, [], "exporter needs metric"),
        ({"cpu": {**CPU, "prometheus": "prom:9090"}}, [], "an address is http://HOST"),
        ({"cpu": {**CPU, "auth": {}}}, [], r"auth of a watch is \{bearer: text\} or"),
        ({"cpu": {**CPU, "auth": {"bearer": "{{secrets.nope}}"}}}, [], "there is no secret 'nope'"),
        ({"cpu": {**CPU, "auth": {"bearer": "{{vu.slot}}"}}}, [], "only {{secrets.NAME}} is known here"),
    ],
)
def test_a_mistake_says_what_is_allowed(watch: dict[str, Any], rules: list[str], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        load(watch, *rules)


def test_agents_do_not_get_what_the_master_reads() -> None:
    auth = {"auth": {"bearer": "{{secrets.T}}"}}
    loaded = load({"cpu": {**CPU, **auth}}, secrets={"T": {"env": "TOKEN"}})
    assert "watch" in loaded.job.document
    assert "watch" not in without_watches(loaded.job).document


@pytest.mark.parametrize(
    ("action", "kept"),
    [
        ({"url": "/"}, set()),
        ({"url": "/{{ secrets.T }}"}, {"T"}),
        ({"url": "/{{ secrets['T'] }}"}, {"T"}),
        ({"url": "/", "headers": {"x": "{{secrets .T}}"}}, {"T"}),
        ({"python": "steps:run"}, {"T"}),
    ],
)
def test_a_secret_that_only_a_watch_uses_stays_with_the_master(action: dict[str, Any], kept: set[str]) -> None:
    document = {
        "actions": {"a": action},
        "watch": {"cpu": {**CPU, "auth": {"bearer": "{{secrets.T}}"}}},
        "secrets": {"T": {"env": "TOKEN"}},
    }
    sent = without_watches(Job(document, {}, {"T": "t0ps3cret"}, 1))
    assert set(sent.secrets) == kept
    assert set(sent.document.get("secrets", {})) == kept


def test_a_credential_in_an_address_is_told_where_to_go_and_not_shown() -> None:
    with pytest.raises(PlanError, match=r"auth: \{basic") as raised:
        load({"cpu": {**CPU, "prometheus": "http://me:hunter22@prom"}})
    assert "hunter22" not in str(raised.value)
