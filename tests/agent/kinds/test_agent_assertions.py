"""Assertions: all are evaluated, the first that failed names the failure, "below 400" is implied."""

from typing import Any

import pytest

from gradual_agent.http.response import Headers, Response
from gradual_agent.kinds.assertions import Assertions
from gradual_agent.runtime.sample import Sample
from gradual_common.kinds.content import Content
from gradual_common.kinds.failures import KINDS
from gradual_common.kinds.http.kind import HttpActionSpec

MS = 1_000_000
BODY = b'{"data": {"id": 7, "name": "Ann", "tags": ["a", "b"], "ok": true, "none": null}}'


def judged(written: list[dict[str, Any]], status: int = 200, body: bytes = BODY, **scope: Any) -> Sample:
    spec = HttpActionSpec.model_validate({"url": "/", "assertions": written})
    sample = Sample()
    sample.reset(0)
    sample.ended = 100 * MS
    sample.status_code = status
    response = Response(
        status, Headers(((b"Content-Type", b"application/json"), (b"X-A", b"one"), (b"X-N", b"12.50"))), body
    )
    Assertions(spec.assertions).judge(sample, Content(response), scope)
    return sample


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ({"status_code": 200}, 200),
        ({"status_code": [200, 404]}, 404),
        ({"status_code": "5xx"}, 503),
        ({"response_time": "<= 100ms"}, 200),
        ({"header": "x-a"}, 200),
        ({"header": "X-A: one"}, 200),
        ({"header": {"name": "X-A", "contains": "n"}}, 200),
        ({"header": {"name": "X-A", "matches": "^o.e$"}}, 200),
        ({"header": {"name": "X-A", "in": ["one", "two"]}}, 200),
        ({"body_contains": "Ann"}, 200),
        ({"body_contains": "{{ row.name }}"}, 200),
        ({"body_matches": r"\d"}, 200),
        ({"json": "data.id"}, 200),
        ({"json": "data.id == 7"}, 200),
        ({"json": "data.id > 6"}, 200),
        ({"json": {"path": "data.name", "!=": "Bob"}}, 200),
        ({"json": {"data.ok": True}}, 200),
        ({"json": {"path": "data.tags", "contains": "b"}}, 200),
        ({"json": {"path": "data", "contains": "id"}}, 200),
        ({"json": {"path": "data.id", "in": [6, 7]}}, 200),
        ({"json": {"data.name": "{{ row.name }}"}}, 200),
        ({"header": {"X-N": {"between": [12, 12.5]}}}, 200),
        ({"header": {"name": "X-N", ">=": "{{ row.least }}"}}, 200),
        ({"json": "data.id between [7, 8]"}, 200),
        ({"json": {"path": "data.id", "between": ["{{ row.least }}", 7]}}, 200),
        ({"json_schema": {"required": ["data"], "properties": {"data": {"properties": {"id": {"const": 7}}}}}}, 200),
        ({"response_time": {"between": ["100ms", "100ms"]}}, 200),
        ({"body_size": {"between": [0, "1KB"]}}, 200),
        ({"body_size": "< 1KB"}, 200),
        ({"body_size": len(BODY)}, 200),
    ],
)
def test_an_assertion_that_holds_leaves_the_sample_a_success(written: dict[str, Any], status: int) -> None:
    assert judged([written], status, row={"name": "Ann", "least": 6}).kind == 0


PAGE = (
    b"""<html><head><title>My  Bank</title></head><body><div class=total> 1.250 </div><i>12</i><i>x</i></body></html>"""
)


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ({"xpath": {"//title": "My Bank"}}, True),
        ({"xpath": {"//title": {"matches": "^My"}}}, True),
        ({"xpath": {"//title": "{{ row.title }}"}}, True),
        ({"xpath": {"//i": "{{ row.many }}"}}, True),
        ({"xpath": {"count(//i)": 2}}, True),
        ({"xpath": {"count(//i)": "{{ row.two }}"}}, True),
        ({"xpath": "count(//i) = 2"}, True),
        ({"xpath": "count(//i) > 2"}, False),
        ({"xpath": "//table"}, False),
        ({"xpath": {"//table": {"!=": "x"}}}, False),
        ({"css": "div.total"}, True),
        ({"css": {"div.total": "> 1"}}, True),
        ({"css": {"div.total": "> 1.25"}}, False),
        ({"css": {"div.total": {"between": [1, 2]}}}, True),
        ({"css": {"div.total": {"in": [1, 1.25]}}}, True),
        ({"css": {"i": {"in": ["11", "12"]}}}, True),
        ({"css": {"i + i": "> 1"}}, False),
        ({"css": {"div::attr(class)": "total"}}, True),
        ({"css": {"DIV::attr(id)": "total"}}, False),
    ],
)
def test_a_page_is_asserted_by_xpath_and_css(written: dict[str, Any], holds: bool) -> None:
    row = {"title": "My Bank", "many": 12, "two": "2"}
    assert KINDS[judged([written], body=PAGE, row=row).kind] == ("" if holds else f"assertion:{next(iter(written))}")


@pytest.mark.parametrize("body", [b"", b"plain", BODY, b"\x00\xff", b"<?xml version='1.0'?><a>", b"<"])
@pytest.mark.parametrize("written", [{"xpath": {"//a": {"!=": "x"}}}, {"css": "a"}, {"xpath": "not(//a)"}])
def test_a_body_that_is_no_document_is_a_failed_assertion(written: dict[str, Any], body: bytes) -> None:
    sample = judged([written], body=body)
    assert KINDS[sample.kind] == f"assertion:{next(iter(written))}"
    assert "(the body is neither HTML nor XML)" in sample.explain(str)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"data": {"id": 8}}', "found 7 was expected at data.id"),
        (b'{"data": {"token": "hunter2"}}', "found another value at data.token"),
        (b"[]", 'found [] is not of type "object" at the top'),
        (b"<p>", 'found a body that is not JSON: "<p>"'),
        (b"", 'found a body that is not JSON: ""'),
    ],
)
def test_a_body_that_its_schema_does_not_allow_is_told_where(body: bytes, found: str) -> None:
    fields = {"token": {"type": "integer"}, "id": {"const": 7}}
    schema = {"type": "object", "properties": {"data": {"properties": fields}}, "$comment": "order.json"}
    sample = judged([{"json_schema": schema}], body=body)
    assert sample.explain(str) == f"expected json_schema: order.json, {found}"


def test_a_deep_document_is_judged_to_its_end() -> None:
    for inmost, kind in ((b"", ""), (b"1", "assertion:json_schema")):
        deep = b"[" * 900 + inmost + b"]" * 900
        schema = {"type": "array", "items": {"$ref": "#"}}
        assert KINDS[judged([{"json_schema": schema}], body=deep).kind] == kind


def test_a_body_that_is_not_json_has_no_value_that_is_another_one() -> None:
    assert KINDS[judged([{"json": {"path": "a", "!=": 1}}], body=b"<html>").kind] == "assertion:json"


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ({"status_code": 201}, "assertion:status_code"),
        ({"response_time": "< 100ms"}, "assertion:response_time"),
        ({"header": "X-B"}, "assertion:header"),
        ({"header": "X-A: two"}, "assertion:header"),
        ({"header": {"name": "X-B", "matches": "."}}, "assertion:header"),
        ({"body_contains": "Bob"}, "assertion:body_contains"),
        ({"body_matches": "^x"}, "assertion:body_matches"),
        ({"json": "data.missing"}, "assertion:json"),
        ({"json": "data.none"}, "assertion:json"),
        ({"json": {"data.ok": 1}}, "assertion:json"),
        ({"json": "data.name > 5"}, "assertion:json"),
        ({"json": {"path": "data.tags", "contains": "c"}}, "assertion:json"),
        ({"json": {"path": "data.id", "contains": "c"}}, "assertion:json"),
        ({"body_contains": "{{ nobody }}"}, "assertion:body_contains"),
        ({"json": {"path": "data.name", "matches": "{{ '(' }}"}}, "assertion:json"),
        ({"body_size": "> 1KB"}, "assertion:body_size"),
    ],
)
def test_an_assertion_that_fails_or_cannot_be_evaluated_names_the_failure(written: dict[str, Any], kind: str) -> None:
    sample = judged([written])
    assert KINDS[sample.kind] == kind
    assert sample.failed_assertions == 1


@pytest.mark.parametrize(("status", "kind"), [(399, ""), (400, "status"), (503, "status")])
def test_below_400_is_implied(status: int, kind: str) -> None:
    assert KINDS[judged([{"body_contains": "Ann"}], status).kind] == kind


def test_an_asserted_status_code_replaces_what_is_implied() -> None:
    assert judged([{"status_code": "4xx"}], 404).kind == 0


def test_all_are_evaluated_and_the_kind_is_the_first_that_failed() -> None:
    sample = judged([{"body_contains": "Ann"}, {"json": "data.id > 9"}, {"header": "X-B"}])
    assert KINDS[sample.kind] == "assertion:json"
    assert sample.failed_assertions == 0b110
    implied = judged([{"json": "data.id > 9"}], 500)
    assert (KINDS[implied.kind], implied.failed_assertions) == ("status", 1)


def test_a_body_that_is_not_json_fails_a_json_assertion() -> None:
    assert KINDS[judged([{"json": "data"}], body=b"<html>").kind] == "assertion:json"


def test_what_an_action_must_keep_follows_from_what_it_asserts() -> None:
    def wants(*written: dict[str, Any]) -> tuple[bool, bool]:
        assertions = Assertions(HttpActionSpec.model_validate({"url": "/", "assertions": list(written)}).assertions)
        return assertions.wants_headers, assertions.wants_body

    assert wants({"status_code": 200}, {"response_time": "< 1s"}) == (False, False)
    assert wants({"header": "X-A"}) == (True, False)
    assert wants({"body_size": 3}) == (False, True)
