"""Extraction sets variables from responses, takes defaults, and fails an action that has neither."""

from typing import Any

import pytest

from gradual_agent.http.response import Headers, Response
from gradual_agent.kinds.extraction import Extractor
from gradual_agent.runtime.sample import Sample
from gradual_common.kinds.content import Content
from gradual_common.kinds.failures import KIND, KINDS
from gradual_common.kinds.http.kind import HttpActionSpec

RESPONSE = Response(200, Headers(((b"Location", b"/there"),)), b'{"data": {"token": "abc", "none": null, "no": false}}')

PAGE = Response(200, Headers(()), b"<!doctype html><form><INPUT name=csrf value=' t1 '><p>a <b>b</b></form>")


def test_values_of_a_page_are_found_by_xpath_and_css() -> None:
    variables: dict[str, Any] = {}
    written = {"token": "css: input[name=csrf]::attr(value)", "text": "xpath: //p", "boxes": "xpath: count(//input)"}
    extractor(written).extract(Sample(), Content(PAGE), {}.get, variables)
    assert variables == {"token": "t1", "text": "a b", "boxes": 1}


def test_a_body_that_is_no_page_has_no_value() -> None:
    sample = Sample()
    extractor({"name": "css: input"}).extract(sample, Content(RESPONSE), {}.get, {})
    assert KINDS[sample.kind] == "extract"


def extractor(written: dict[str, Any]) -> Extractor:
    return Extractor(HttpActionSpec.model_validate({"url": "/", "extract": written}).extract)


def extracted(written: Any, kind: int = 0) -> tuple[Sample, dict[str, Any]]:
    sample, variables = Sample(), {"name": "old"}
    sample.kind = kind
    extractor({"name": written}).extract(sample, Content(RESPONSE), {"sid": "s1"}.get, variables)
    return sample, variables


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("json: data.token", "abc"),
        ("json: data.no", False),
        ("json: length(data)", 3),
        ('regex: "token": "(.)', "a"),
        ("regex: t.ken", "token"),
        ("header: location", "/there"),
        ("cookie: sid", "s1"),
        ({"from": "json: data.token", "default": "x"}, "abc"),
        ({"from": "json: data.missing", "default": "x"}, "x"),
        ({"from": "json: data.none", "default": None}, None),
        ({"from": "regex: nowhere", "default": 5}, 5),
    ],
)
def test_a_value_is_found_or_its_default_taken(written: Any, value: Any) -> None:
    sample, variables = extracted(written)
    assert (sample.kind, variables["name"]) == (0, value)


@pytest.mark.parametrize(
    "written",
    [
        "json: data.missing",
        "json: data.none",
        "json: length(`5`)",
        "regex: nowhere",
        "regex: (x)?data",
        "header: X",
        "cookie: X",
    ],
)
def test_a_value_that_is_not_there_fails_the_action_and_leaves_the_variable(written: str) -> None:
    sample, variables = extracted(written)
    assert KINDS[sample.kind] == "extract"
    assert sample.failed_assertions == 0
    assert variables == {"name": "old"}
    assert "'name'" in sample.detail


def test_a_failure_that_came_before_stays_what_it_was() -> None:
    sample, variables = extracted("json: data.missing", KIND["assertion:json"])
    assert KINDS[sample.kind] == "assertion:json"
    assert extracted("json: data.token", KIND["status"])[1]["name"] == "abc"
    assert variables == {"name": "old"}


def test_without_a_response_defaults_are_set() -> None:
    variables: dict[str, Any] = {}
    extractor({"a": {"from": "json: a", "default": 1}, "b": "json: b"}).set_defaults(variables)
    assert variables == {"a": 1}


def test_what_must_be_kept_follows_from_the_sources() -> None:
    one, two = extractor({"a": "header: X"}), extractor({"a": "cookie: X"})
    assert (one.wants_headers, one.wants_body, len(one)) == (True, False, 1)
    assert (two.wants_headers, two.wants_body) == (False, False)
    assert extractor({"a": "regex: x"}).wants_body
