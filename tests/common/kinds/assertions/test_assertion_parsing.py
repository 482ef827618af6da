"""Assertions and extractions are read to one normal form, from all forms that people write."""

import re
from typing import Any

import pytest

from gradual_common.kinds.assertions.parsing import (
    SHARED_ASSERTIONS,
    place_assertions,
    read_assertion,
    spread_assertions,
)
from gradual_common.kinds.extraction import SHARED_SOURCES, SOURCES, read_extraction
from gradual_common.kinds.http.assertions import HTTP_ASSERTIONS
from gradual_common.kinds.http.kind import HttpActionSpec

MS = 1_000_000
ALL = HTTP_ASSERTIONS


def normal(entry: dict[str, Any]) -> tuple[str, str, Any]:
    read = read_assertion(entry, ALL)
    return read.get("subject", ""), read["op"], read.get("expected")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"status_code": 200}, ("", "in", ((200, 200),))),
        ({"status_code": "2xx"}, ("", "in", ((200, 299),))),
        ({"status_code": [200, "201", "3XX"]}, ("", "in", ((200, 200), (201, 201), (300, 399)))),
        ({"status_code": [100, 999, "6xx", "600-999"]}, ("", "in", ((100, 100), (999, 999), (600, 699), (600, 999)))),
        ({"status_code": "200-204, 404"}, ("", "in", ((200, 204), (404, 404)))),
        ({"response_time": "< 500ms"}, ("", "<", 500 * MS)),
        ({"response_time": {"<=": "1s"}}, ("", "<=", 1000 * MS)),
        ({"header": "X-A"}, ("X-A", "exists", None)),
        ({"header": "Location: http://x/"}, ("Location", "==", "http://x/")),
        ({"header": {"X-A": 1}}, ("X-A", "==", "1")),
        ({"header": {"X-A": {"contains": "b"}}}, ("X-A", "contains", "b")),
        ({"header": {"name": "X-A"}}, ("X-A", "exists", None)),
        ({"header": {"name": "X-A", "equals": "b"}}, ("X-A", "==", "b")),
        ({"header": {"name": "X-A", "op": "in", "value": [1, "b"]}}, ("X-A", "in", ["1", "b"])),
        ({"body_contains": "x"}, ("", "contains", "x")),
        ({"body_matches": "a+"}, ("", "matches", "a+")),
        ({"json": "data.total > 5"}, ("data.total", ">", 5)),
        ({"json": "data.total"}, ("data.total", "exists", None)),
        ({"json": {"path": "a", "at_least": 1}}, ("a", ">=", 1)),
        ({"json": {"path": "a", "op": "!=", "value": None}}, ("a", "!=", None)),
        ({"json": {"a.b": "x"}}, ("a.b", "==", "x")),
        ({"body_size": 100}, ("", "==", 100)),
        ({"body_size": "< 10KB"}, ("", "<", 10_000)),
        ({"body_size": {">": 5}}, ("", ">", 5)),
        ({"body_size": {"between": [5, "1KB"]}}, ("", "between", (5, 1000))),
        ({"response_time": {"between": ["1ms", "2ms"]}}, ("", "between", (MS, 2 * MS))),
        ({"json": "data.total between [1, 5]"}, ("data.total", "between", [1, 5])),
        ({"json": {"path": "a", "between": [1, "{{row.most}}"]}}, ("a", "between", [1, "{{row.most}}"])),
        ({"header": {"X-A": {">=": 5}}}, ("X-A", ">=", 5)),
        ({"header": {"X-A": {"between": [1, 5]}}}, ("X-A", "between", [1, 5])),
        ({"xpath": {"//title": "Bank"}}, ("//title", "==", "Bank")),
        ({"xpath": "count(//tr) > 3"}, ("count(//tr) > 3", "exists", None)),
        ({"css": {"div.total": "> 3"}}, ("div.total", ">", 3)),
        ({"css": {"div.total": {"contains": "EUR"}}}, ("div.total", "contains", "EUR")),
        ({"css": {"path": "div.total", "at_least": 3}}, ("div.total", ">=", 3)),
        ({"json_schema": {"const": "{{"}}, ("", "==", '{"const":"\\u007b{"}')),
    ],
)
def test_every_form_is_read(entry: dict[str, Any], expected: Any) -> None:
    assert normal(entry) == expected


def test_the_text_is_as_it_was_written() -> None:
    assert read_assertion({"response_time": "< 500ms"}, ALL)["text"] == "response_time: < 500ms"
    assert read_assertion({"status_code": [200, 201]}, ALL)["text"] == "status_code: [200, 201]"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"status_code": 99}, "99 is not a status code"),
        ({"status_code": 1000}, "1000 is not a status code"),
        ({"status_code": "0xx"}, "not a status code"),
        ({"status_code": "٢٠٠"}, "not a status code"),
        ({"header": "X A"}, "'X A' is not a header name"),
        ({"header": {"name": "Ä", "equals": "b"}}, "is not a header name"),
        ({"json": "lenght(data) > 5"}, "there is no function 'lenght'; did you mean 'length'?"),
        ({"json": "data[?nothing(@)] | [0]"}, "there is no function 'nothing'"),
        ({"status_code": []}, "the list is empty"),
        ({"status_code": "300-200"}, "not a status code"),
        ({"response_time": "< 500"}, "'500' is not a duration"),
        ({"response_time": "500ms"}, "has no operator"),
        ({"response_time": 500}, "has no operator"),
        ({"header": 5}, "write"),
        ({"header": ": x"}, "the name is empty"),
        ({"header": {"X-A": None}}, "a text is expected"),
        ({"header": {"name": "X", "<": "five"}}, "< compares numbers; found 'five'"),
        ({"header": {"name": "X", "between": [5, 1]}}, "between takes the lowest value first; found [5, 1]"),
        ({"json": {"path": "a", "between": [1]}}, "between takes the lowest and the highest value, [1, 5]"),
        ({"json": "a between [1, true]"}, "between takes two numbers; found True"),
        ({"response_time": {"between": ["1s", "1ms"]}}, "between takes the lowest value first"),
        ({"xpath": "//a["}, "'//a[' is not an XPath expression"),
        ({"xpath": "//s:a"}, "the namespace prefix 's'"),
        ({"xpath": {"lenght(//a)": 5}}, "'lenght(//a)' cannot be evaluated"),
        ({"xpath": 5}, "write"),
        ({"xpath": {"//a": None}}, "a text, a number"),
        ({"css": "div..total"}, "'div..total' is not a CSS selector"),
        ({"css": {"a": 1, "b": 2}}, 'write {"div.total": "> 3"}'),
        ({"css": {"div": {"equal": 1}}}, "did you mean 'equals'"),
        ({"json_schema": [1]}, "a JSON Schema or the path of its file is expected"),
        ({"json_schema": {"type": "intger"}}, 'not a JSON Schema: "intger" is not'),
        ({"json_schema": {"$ref": "http://x.example/y"}}, "nothing is fetched"),
        ({"json_schema": {"$ref": "other.json"}}, "nothing is fetched"),
        ({"json_schema": {"pattern": "(?=a)b"}}, 'not a JSON Schema: "(?=a)b" is not a "regex"'),
        ({"header": {"name": "X", "equal": 5}}, "did you mean 'equals'"),
        ({"header": {"name": "X", "equals": 1, "contains": 2}}, "one operator is expected"),
        ({"header": {"name": "X", "in": "a"}}, "in takes a list"),
        ({"header": {"name": "X", "exists": False}}, "exists takes true"),
        ({"header": {"name": "X", "matches": "("}}, "not a regular expression"),
        ({"body_contains": ""}, "a text is expected"),
        ({"body_matches": "("}, "not a regular expression"),
        ({"body_matches": 5}, "a regular expression is expected"),
        ({"json": "data..x > 5"}, "not a JMESPath expression"),
        ({"json": [1]}, "write"),
        ({"body_size": "< big"}, "not a size"),
        ({"respnse_time": "< 5s"}, "did you mean 'response_time'"),
        ({}, "an assertion is a mapping"),
        ("status_code", "is not an assertion"),
    ],
)
def test_what_is_not_an_assertion_is_reported(entry: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        read_assertion(entry, ALL)


def test_several_in_one_entry_are_several_each_with_its_place() -> None:
    written = [{"status_code": 200, "response_time": "< 1s"}, {"body_size": 1}]
    assert place_assertions(written) == [
        ((0, "status_code"), {"status_code": 200}),
        ((0, "response_time"), {"response_time": "< 1s"}),
        ((1, "body_size"), {"body_size": 1}),
    ]
    assert spread_assertions({"status_code": 200, "body_size": 1}) == [{"status_code": 200}, {"body_size": 1}]
    assert spread_assertions("x") == "x"


def test_a_normal_form_stays_as_it_is() -> None:
    action = HttpActionSpec(url="/", assertions=[{"status_code": 200}, {"json": "a == 1"}])
    assert HttpActionSpec(url="/", assertions=action.assertions) == action


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("json: data.token", ("json", "data.token", False, None)),
        ("regex: id=(\\d+): x", ("regex", "id=(\\d+): x", False, None)),
        ("header: Location", ("header", "Location", False, None)),
        ("xpath: //a/@href", ("xpath", "//a/@href", False, None)),
        ("css: input::attr(value)", ("css", "input::attr(value)", False, None)),
        ({"from": "cookie: sid", "default": ""}, ("cookie", "sid", True, "")),
        ({"from": "cookie: sid", "default": None}, ("cookie", "sid", True, None)),
        ({"from": "cookie: sid"}, ("cookie", "sid", False, None)),
    ],
)
def test_extractions_are_read(written: Any, read: Any) -> None:
    found = read_extraction(written, SOURCES)
    assert (found["source"], found["expression"], found.get("has_default", False), found.get("default")) == read


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("data.token", "is not an extraction"),
        ("xml: //a", "is not an extraction"),
        ("json:", "is not an extraction"),
        ("json: a..b", "is not a JMESPath expression"),
        ("json: fst(a)", "there is no function 'fst'"),
        ("header: Set Cookie", "is not a header name"),
        ("regex: (", "is not a regular expression"),
        ("xpath: //a[", "is not an XPath expression"),
        ("css: a::attr(x) b", "::attr"),
        (5, "is not an extraction"),
        (None, "nothing is not an extraction"),
        ({"default": 1}, "from is missing"),
        ({"from": "json: a", "x": 1}, "unknown key 'x'"),
    ],
)
def test_what_is_not_an_extraction_is_reported(written: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_extraction(written, SOURCES)


def test_a_kind_without_a_head_has_no_assertion_on_it_and_nothing_to_extract_from_it() -> None:
    with pytest.raises(ValueError, match="unknown assertion 'header'; allowed: response_time, body_contains"):
        read_assertion({"header": "X"}, SHARED_ASSERTIONS)
    with pytest.raises(
        ValueError,
        match=re.escape(
            'write "json: data.token" or {from: "json: data.token", default: …}; sources are json, regex, xpath, css'
        ),
    ):
        read_extraction("header: X", SHARED_SOURCES)
