"""Services of a plan: every mistake in them has its place, and what they leave out comes from `config`."""

from pathlib import Path
from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small

from gradual_common.plan.confidential import first_confidential
from gradual_common.plan.reading.overrides import Overrides


def with_service(service: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    """The small plan, whose action `post` goes to the service `ledger`."""
    return small(services={"ledger": service or {}}, actions__post__service="ledger", **changes)


def test_an_unknown_service_is_reported_with_its_line_and_the_nearest_name() -> None:
    text = "config: {base_url: 'http://x', duration: 1m}\nusers: [{name: a, concurrency: 1, behavior: [b]}]\n"
    text += "services:\n  ledger: {base_url: 'http://l'}\nactions:\n  b:\n    url: /\n    service: leger\n"
    assert only_mistake(text) == (
        "p.yaml:8: actions.b.service: there is no service 'leger' "
        "(did you mean 'ledger'?; add it under services: leger: {base_url: \"https://…\"})"
    )


def test_a_service_without_a_base_url_has_that_of_the_config() -> None:
    plan = load(with_service({"headers": {"X": "1"}})).plan
    settings = plan.config_of(plan.actions["post"])
    assert (settings.base_url, settings.headers) == ("http://bank.example", {"X": "1"})
    assert plan.config_of(plan.actions["look"]) is plan.config


def test_a_plan_whose_actions_all_have_services_needs_no_base_url() -> None:
    plan = with_service({"base_url": "http://l"}, config__base_url=None, actions__look__service="ledger")
    assert load(plan).plan.config.base_url is None


def test_where_no_base_url_is_written_the_service_is_named() -> None:
    plan = with_service({}, config__base_url=None, actions__look__url="http://h/")
    assert only_mistake(plan) == (
        "p.yaml: services.ledger: base_url is missing: the url of 'post' is '/post' "
        '(add under services.ledger: base_url: "https://…")'
    )


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ({"base_url": "ledger.example"}, "services.ledger.base_url: 'ledger.example' is not an absolute URL"),
        ({"base_url": "http://h/?a=b"}, "services.ledger.base_url: 'http://h/?a=b' has a query or fragment"),
        ({"headers": {"X A": "b"}}, "services.ledger.headers.\"X A\": 'X A' is not a header name"),
        ({"headers": {"X": "{{ nobody }}"}}, "services.ledger.headers.X: '{{ nobody }}' reads 'nobody'"),
        ({"timeout": 5}, "services.ledger.timeout: 5 is not a duration; write it with a unit"),
        ({"tls": {"ca": "no.pem"}}, "services.ledger.tls.ca: cannot read no.pem"),
        ({"url": "http://h"}, "services.ledger.url: unknown key 'url' (it belongs in an entry of actions)"),
        ({"headers": {"Content-Type": "multipart/form-data"}}, "actions.post.body: a mapping is sent as JSON"),
    ],
)
def test_a_mistake_in_a_service_has_its_place(service: dict[str, Any], message: str) -> None:
    assert message in only_mistake(with_service(service))


def test_a_service_that_no_group_uses_reads_no_data() -> None:
    plan = with_service({"headers": {"X": "{{ user.name }}"}}, users__1__behavior=[{"action": "look"}])
    assert load(plan).warnings == ()


def test_an_address_by_option_that_changes_nothing_is_a_mistake() -> None:
    """Else a run that is meant for a test system would go to the one that the plan names."""
    overrides = Overrides(base_url="http://new")
    own = with_service({"base_url": "http://old"}, actions__look__url="http://else/")
    assert only_mistake(own, overrides) == (
        "--base-url: every action goes to a service with a base_url of its own, which this option does not change "
        "(set that of a service: --set services.ledger.base_url=…)"
    )
    for used in (with_service({}), with_service({"base_url": "http://old"}), small(actions__look__url="http://else/")):
        assert load(used, overrides).plan.config.base_url == "http://new"


def test_an_address_by_option_changes_no_absolute_url() -> None:
    absolute = small(actions__look__url="http://else/", actions__post__url="HTTPS://else/")
    assert only_mistake(absolute, Overrides(base_url="http://new")) == (
        "--base-url: every action has an absolute URL, which this option does not change "
        "(write paths in a plan, as in url: /rates: they are put after the base URL)"
    )
    assert load(absolute).plan.config.base_url == "http://bank.example"


@pytest.mark.parametrize(
    ("written", "share"), [(True, 1.0), (False, None), ({"sample": "10%"}, 0.1), ({}, 1.0), ({"sample": 0.5}, 0.5)]
)
def test_trace_is_a_flag_or_a_share(written: Any, share: float | None) -> None:
    plan = load(with_service({"trace": written}, config__trace={"sample": "20%"})).plan
    found = plan.config_of(plan.actions["post"]).trace
    assert (found.sample if found else None) == share
    assert plan.config.trace is not None
    assert plan.config.trace.sample == 0.2


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("10%", "services.ledger.trace: a mapping is expected; found '10%'"),
        ({"sample": "0%"}, "services.ledger.trace.sample: "),
        ({"share": 1}, "services.ledger.trace.share: unknown key 'share'"),
    ],
)
def test_a_mistake_in_trace_has_its_place(written: Any, message: str) -> None:
    assert message in only_mistake(with_service({"trace": written}))


def test_a_traced_action_cannot_have_a_traceparent_of_its_own() -> None:
    own = {"TraceParent": "{{ uuid() }}"}
    found = only_mistake(with_service({"trace": True}, actions__post__headers=own))
    assert "actions.post.headers.TraceParent: 'post' is traced, which writes this header" in found
    load(with_service({"trace": True}, actions__look__headers=own))
    load(
        with_service({"trace": False}, config__trace=True, actions__post__headers=own, actions__look__service="ledger")
    )


def test_services_in_a_wrong_place_are_led_to_the_right_one() -> None:
    (found,) = mistakes(small(config__services={"a": {}}))
    assert "config.services: unknown key 'services' (it belongs at the top of the plan)" in found


def test_tls_files_of_services_are_read_and_a_mistake_is_put_where_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("text")
    found = only_mistake(with_service({"tls": {"ca": "ca.pem"}}), folder=tmp_path)
    assert "services.ledger.tls.ca: ca.pem: it holds no certificate" in found
    own = with_service({"tls": {"ca": "ca.pem"}}, actions__post__tls={"server_name": "x"})
    assert {found.split(": ")[1] for found in mistakes(own, folder=tmp_path)} == {"services.ledger.tls.ca"}


def test_what_authenticates_in_a_service_is_found_and_hidden() -> None:
    loaded = load(with_service({"headers": {"Authorization": "Bearer hunter2"}}))
    assert first_confidential(loaded.job) == "services.ledger.headers.Authorization"
    shown = load(with_service({"base_url": "http://u:hunter2@h"})).display_plan
    assert shown.services["ledger"].base_url == "http://***@h"
    assert shown.actions["post"].service_name == "ledger"


def test_a_service_is_set_by_its_path() -> None:
    overrides = Overrides(base_url="http://new", sets=(("services.ledger.base_url", "http://other"),))
    plan = load(with_service({"base_url": "http://old"}), overrides).plan
    assert (plan.config.base_url, plan.services["ledger"].base_url) == ("http://new", "http://other")
