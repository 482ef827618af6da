"""A request that can never be sent is a mistake in the plan, with its line, before anything is started."""

from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small

from gradual_common.errors import PlanError
from gradual_common.plan.loader import PlanSource, load_plan


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:0/", "the port is not one from 1 to 65535"),
        ("http://127.0.0.1:99999/", "the port is not one from 1 to 65535"),
        ("http://a b/", "names no host"),
        ("http:///x", "names no host"),
        ("http://", "names no host"),
        ("http://[::1/", "names no host"),
        ("http://[::g]/", "no IPv6 address"),
        ("http://a%zz/", "a % that is not followed by two hexadecimal digits"),
        ("http://u@v@h/", "names no host"),
        ("http://h/\x01", "a control character"),
        ("/a\tb", "a control character"),
        ("/a\n", "a control character"),
        ("ftp://h/", "it begins with / (after base_url) or with http:// or https://"),
        ("ws://h/", "it begins with /"),
        ("look", "'look' is not a URL; it begins with /"),
        ("look/{{vu.slot}}", "'look/…' is not a URL; it begins with /"),
        ("http://{{vu.slot}}:99999/", "the port is not one from 1 to 65535"),
        ("http://{{vu.slot}}.a b/", "names no host"),
        ("http://a b:{{vu.slot}}/", "names no host"),
        ("http://h:0/{{vu.slot}}", "the port is not one from 1 to 65535"),
        ("http://[::1/{{vu.slot}}", "names no host"),
        ("http://{{vu.slot}}@h:0/", "the port is not one from 1 to 65535"),
        ("/{{vu.slot}}\t", "a control character"),
        ("{{vu.slot}}\x7f", "a control character"),
        ("http://h/{{ vu.slot | nofilter }}", "there is no filter 'nofilter'"),
        ("http://h/{% if vu.slot is nothing %}x{% endif %}", "there is no test 'nothing'"),
        ("http://h/\ud800", "half of a surrogate pair"),
    ],
)
def test_a_url_that_can_never_be_asked_is_a_mistake(url: str, message: str) -> None:
    found = only_mistake(small(actions__look__url=url))
    assert "actions.look.url: " in found
    assert message in found


@pytest.mark.parametrize(
    "url",
    [
        "HTTP://H/",
        "https://u:p@h:8443/a b?c=é#d",
        "http://a_b./%zz",
        "http://straße.de/😀",
        "http://[fe80::1%25eth0]:80/",
        "http://127.1",
        "/100%",
        "/?a=b c",
        "{{vu.slot}}",
        "{{vu.slot}}/x",
        "http://{{vu.slot}}/",
        "http://{{vu.slot}}",
        "http://h:{{vu.slot}}/",
        "http://{{vu.slot}}:{{vu.slot}}{{vu.tenure}}/x",
        "http://h:80{{vu.slot}}/",
        "http://[{{vu.slot}}]:80/",
        "http://[::{{vu.slot}}]/",
        "http://a%{{vu.slot}}/",
        "http://{{vu.slot}}:{{vu.slot}}@h/",
        "http://{% if vu.slot %}a:1{% else %}b:2{% endif %}/",
        "http://{{ 'a b' }}/{{vu.slot}}",
        "{{ 'https' if vu.slot else 'http' }}://h/",
    ],
)
def test_a_url_that_may_be_asked_is_none(url: str) -> None:
    assert load(small(actions__look__url=url)).plan.actions["look"].url == url


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("ftp://x", "the scheme is not one of http, https"),
        ("http://x:99999", "the port is not one from 1 to 65535"),
        ("http://", "names no host"),
        ("http://[::1", "names no host"),
        ("http://a b", "names no host"),
        ("http://h/a b", "it holds a blank"),
        ("http://h:0/{{vu.slot}}", "the port"),
        ("bank.example/{{vu.slot}}", "is not an absolute URL"),
        ("http://h/?a={{vu.slot}}", "has a query or fragment"),
        ("http://h/#f", "has a query or fragment"),
        ("http://h\ud800", "surrogate"),
    ],
)
def test_a_base_url_that_can_never_be_asked_is_a_mistake(base: str, message: str) -> None:
    found = mistakes(small(config__base_url=base))
    assert found[0].startswith("p.yaml: config.base_url: ")
    assert message in "\n".join(found)


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"config__headers": {"X A": "b"}}, 'config.headers."X A"', "'X A' is not a header name"),
        ({"actions__look__headers": {"": "b"}}, 'actions.look.headers.""', "is not a header name"),
        ({"actions__look__headers": {"X-Ä": "b"}}, "actions.look.headers.X-Ä", "is not a header name"),
        ({"actions__look__headers": {"X:": "{{vu.slot}}"}}, 'actions.look.headers."X:"', "is not a header name"),
        ({"actions__look__headers": {"X": "a\r\nb: c"}}, "actions.look.headers.X", "holds no line end"),
        ({"actions__look__headers": {"X": "{{ 'a\\nb' }}"}}, "actions.look.headers.X", "holds a line break"),
        ({"actions__look__headers": {"X": "\udfff"}}, "actions.look.headers.X", "half of a surrogate pair"),
        (
            {"actions__post__form": {"\ud800": 1}, "actions__post__body": None},
            "actions.post.form",
            "half of a surrogate",
        ),
        ({"actions__look__query": {"a": ["\ud800"]}}, "actions.look.query.a[0]", "half of a surrogate pair"),
        ({"actions__post__body": "\ud800"}, "actions.post.body", "half of a surrogate pair"),
        ({"actions__look__method": "GE T"}, "actions.look.method", "is not an HTTP method"),
        ({"actions__look__assertions": [{"status_code": 1000}]}, "actions.look.assertions", "is not a status code"),
        ({"config__name": "\ud83d"}, "config.name", "half of a surrogate pair"),
    ],
)
def test_what_can_never_be_part_of_a_request_is_a_mistake(changes: dict[str, Any], path: str, message: str) -> None:
    found = only_mistake(small(**changes))
    assert f"p.yaml: {path}" in found
    assert message in found


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Content-Length", 7, "Content-Length cannot be set: it is always the length of the body (leave it out)"),
        ("transfer-encoding", "chunked", "transfer-encoding cannot be set: a body is sent whole, with its"),
        ("Content-Length", "{{vu.slot}}", "Content-Length cannot be set: "),
        ("Trailer", "Digest", "Trailer cannot be set: no request has fields after its body"),
        ("Expect", "100-continue", "Expect cannot be set: a body is sent at once, without waiting for 100 Continue"),
        ("Upgrade", "websocket", "Upgrade cannot be set: a connection speaks HTTP/1.1 until it ends"),
        ("Connection", "close, Upgrade", "the engine cannot do what 'close, Upgrade' asks of a connection (allowed: "),
    ],
)
@pytest.mark.parametrize("place", ["config", "services__s", "actions__look"])
def test_a_field_that_only_the_engine_can_write_is_a_mistake(name: str, value: Any, message: str, place: str) -> None:
    plan = small(services={"s": {}}, **{f"{place}__headers": {name: value}})
    assert only_mistake(plan).startswith(f"p.yaml: {place.replace('__', '.')}.headers.{name}: {message}")


def test_fields_of_the_connection_that_the_engine_obeys_are_none() -> None:
    headers = {"Host": "shop", "Connection": "TE, Keep-Alive", "TE": "trailers", "Keep-Alive": "timeout=5"}
    assert load(small(config__headers=headers)).plan.config.headers == headers


def test_text_beyond_ascii_is_none() -> None:
    plan = small(
        config__headers={"X": "é😀\t\x01"},
        actions__look__query={"ü": ["😀"]},
        actions__post__body={"\ud800": ["\udfff", "é"]},
        actions__look__assertions=[{"status_code": 999}, {"status_code": "7xx"}],
    )
    assert load(plan).plan.config.headers == {"X": "é😀\t\x01"}


def test_two_escapes_of_one_character_are_it() -> None:
    text = (
        'config: {base_url: "http://h", duration: 1s}\n'
        "users: [{name: a, concurrency: 1, behavior: [look]}]\n"
        'actions: {look: {url: "/\\ud83d\\ude00", headers: {X: "\\U0001F600"}}}\n'
    )
    action = load_plan(PlanSource(text=text)).plan.actions["look"]
    assert (action.url, action.headers) == ("/😀", {"X": "😀"})


def test_every_mistake_has_its_line() -> None:
    text = (
        "config:\n  base_url: http://h:0\n  duration: 1s\n  headers:\n    X A: b\n"
        "users: [{name: a, concurrency: 1, behavior: [look]}]\n"
        "actions:\n  look:\n    url: http://[::1/\n"
    )
    with pytest.raises(PlanError) as caught:
        load_plan(PlanSource(text=text))
    assert [problem.line for problem in caught.value.problems] == [2, 5, 9]
