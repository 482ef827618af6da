"""Requests from prepared pieces: which actions have them, and which values are left to the other way."""

from typing import Any

import pytest

from gradual_agent.http.redirects import follow
from gradual_agent.http.request import HttpRequest
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_common.errors import RequestError, TemplateError
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.plan.model.plan import Plan


def template_of(action: dict[str, Any], **config: Any) -> RequestTemplate:
    document = {
        "config": {"name": "t", "base_url": "http://bank:8080/v1", "duration": "1s", **config},
        "users": [{"name": "g", "concurrency": 1, "behavior": [{"action": "a"}]}],
        "actions": {"a": action},
    }
    plan = Plan.model_validate(document)
    spec = plan.actions["a"]
    assert isinstance(spec, HttpActionSpec)
    return RequestTemplate(plan.config, spec)


def both_ways(action: dict[str, Any], scope: dict[str, Any], **config: Any) -> tuple[HttpRequest | None, HttpRequest]:
    """The request from pieces, None if a value does not allow it; and the request that is built."""
    template = template_of(action, **config)
    assert template._prepared is not None
    try:
        quick = template._prepared(scope)
    except Exception:
        quick = None
    template._prepared = None
    return quick, template.build(scope)


@pytest.mark.parametrize(
    ("action", "is_prepared"),
    [
        ({"url": "/a/{{x}}"}, True),
        ({"url": "/a?b={{x}}&c={{y.z}}"}, True),
        ({"url": "/a", "query": {"b": "{{x}}", "c": ["{{y}}", 1]}}, True),
        ({"url": "/a", "headers": {"Authorization": "Bearer {{x}}"}}, True),
        ({"method": "POST", "url": "/a", "body": {"b": "{{x}}", "c": [1, "d-{{y}}", {"{{z}}": None}]}}, True),
        ({"method": "POST", "url": "/a", "form": {"b": "{{x}}"}}, True),
        ({"method": "POST", "url": "/a", "body": "b={{x}}"}, True),
        ({"url": "/a/{{uuid()}}"}, True),
        ({"method": "POST", "url": "/a", "body": {"{{x}}": 1, "{{y}}": 2}}, False),
        ({"url": "/a", "query": {"{{x}}": 1, "b": 2}}, False),
        ({"url": "/a/{{x | upper}}"}, False),
        ({"url": "{{scheme}}://h/a/{{x}}"}, False),
        ({"url": "http://{{host}}/a"}, False),
        ({"url": "/a", "headers": {"Host": "{{x}}"}}, False),
        ({"url": "/a", "headers": {"Cookie": "sid={{x}}"}}, False),
        ({"url": "/a#{{x}}"}, False),
        ({"url": "/a/gradualmark0text/{{x}}"}, False),
        ({"url": "/a"}, False),
    ],
)
def test_an_action_whose_holes_only_read_is_prepared(action: dict[str, Any], is_prepared: bool) -> None:
    assert (template_of(action)._prepared is not None) is is_prepared


@pytest.mark.parametrize("value", ["a-b_c.d~9", "A", 7, -7, 1.5])
def test_usual_values_go_into_every_place_as_they_are(value: Any) -> None:
    for action in (
        {"url": "/a/{{x}}?b={{x}}"},
        {"url": "/a", "headers": {"X": "{{x}}", "Y": "y {{x}}"}},
        {"method": "POST", "url": "/a", "body": {"b": "{{x}}", "c": ["d-{{x}}", {"{{x}}": "é"}]}},
        {"method": "POST", "url": "/a", "form": {"b": "{{x}}"}},
        {"method": "POST", "url": "/é", "body": '"{{x}}"'},
    ):
        quick, built = both_ways(action, {"x": value})
        assert quick is not None
        assert (quick.wire, quick.head_size, quick.fields) == (built.wire, built.head_size, built.fields)


POST = {"method": "POST", "url": "/a/{{x}}", "headers": {"Authorization": "Bearer {{x}}"}, "body": {"b": "{{x}}"}}


@pytest.mark.parametrize(
    "base_url", ["http://[::1]:8080", "https://user:pass@bank", "http://bank/v1/", "http://bücher.example:80/é"]
)
def test_any_base_url_gives_the_same_request(base_url: str) -> None:
    quick, built = both_ways(POST, {"x": "7"}, base_url=base_url)
    assert quick is not None
    assert (quick.wire, quick.url, quick.fields, quick.body) == (built.wire, built.url, built.fields, built.body)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/b", "c?d=é", "http://other/e", "//bank:8080/f", "?g"])
def test_a_redirect_of_it_leads_to_the_same_request(status: int, location: str) -> None:
    quick, built = both_ways(POST, {"x": "7"})
    assert quick is not None
    hop, expected = follow(quick, status, location), follow(built, status, location)
    assert (hop.wire, hop.url, hop.method, hop.body) == (expected.wire, expected.url, expected.method, expected.body)
    assert (b"Bearer" in hop.wire) is ("other" not in location)
    assert bool(hop.body) is (status in (307, 308))


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ({"url": "/a/{{x}}"}, ".."),
        ({"url": "/a/{{x}}"}, "a/b"),
        ({"url": "/a/{{x}}"}, ""),
        ({"url": "/a/{{x}}"}, "é"),
        ({"url": "/a/{{x}}"}, "a b"),
        ({"url": "/a?b={{x}}"}, "a%2f"),
        ({"url": "/a?b={{x}}"}, True),
        ({"url": "/a", "query": {"b": "{{x}}"}}, None),
        ({"url": "/a?b={{x}}"}, 1e300),
        ({"url": "/a", "headers": {"X": "{{x}}"}}, " a"),
        ({"url": "/a", "headers": {"X": "{{x}}"}}, "é"),
        ({"method": "POST", "url": "/a", "body": {"b": "{{x}}"}}, 'a"b'),
        ({"method": "POST", "url": "/a", "body": {"b": "{{x}}"}}, "a\\b"),
        ({"method": "POST", "url": "/a", "body": {"b": "{{x}}"}}, "a\nb"),
        ({"method": "POST", "url": "/a", "body": {"b": "{{x}}"}}, ["a", {"c": None}]),
        ({"method": "POST", "url": "/a", "body": {"b": "{{x}}"}}, True),
        ({"method": "POST", "url": "/a", "form": {"b": "{{x}}"}}, "a b"),
        ({"method": "POST", "url": "/a", "body": "{{x}}"}, {"a": 1}),
        ({"method": "POST", "url": "/a", "body": "{{x}}"}, "é"),
    ],
)
def test_other_values_are_left_to_the_other_way(action: dict[str, Any], value: Any) -> None:
    quick, built = both_ways(action, {"x": value})
    assert quick is None
    assert template_of(action).build({"x": value}).wire == built.wire


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\0"])
def test_a_value_cannot_break_a_message(value: str) -> None:
    with pytest.raises(RequestError):
        template_of({"url": "/a", "headers": {"X": "{{x}}"}}).build({"x": value})


def test_a_missing_name_has_the_message_of_jinja() -> None:
    with pytest.raises(TemplateError, match="'x' is undefined"):
        template_of({"url": "/a/{{x}}"}).build({})


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_an_empty_body_is_left_to_the_other_way(method: str) -> None:
    quick, built = both_ways({"method": method, "url": "/a", "body": "{{x}}"}, {"x": ""})
    assert quick is None
    assert (b"Content-Length" in built.head) is (method == "POST")


def test_keys_with_the_same_text_are_one_entry() -> None:
    template = template_of({"method": "POST", "url": "/a", "body": {"{{x}}": 1, "{{y}}": 2}})
    assert template.build({"x": "k", "y": "k"}).body == b'{"k":2}'
