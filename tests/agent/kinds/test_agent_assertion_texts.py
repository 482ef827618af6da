"""Every assertion that failed says what was expected and what was found, masked, 40 characters of it at most."""

from typing import Any

import pytest

from gradual_agent.http.response import Headers, Response
from gradual_agent.kinds.assertions import Assertions
from gradual_agent.runtime.sample import Sample
from gradual_common.kinds.content import Content
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.secrecy.masking import Mask

BODY = b'{"data": {"id": 7, "name": "Ann", "token": "tk-1234567890", "tags": ["a"], "secret-note": "a hushhush thing"}}'


def explain(written: list[dict[str, Any]], body: bytes = BODY, **scope: Any) -> str:
    sample = Sample()
    sample.started, sample.ended, sample.status_code = 0, 734_200_000, 404
    spec = HttpActionSpec.model_validate({"url": "/", "assertions": written})
    response = Response(404, Headers(((b"X-A", b"one"),)), body)
    Assertions(spec.assertions).judge(sample, Content(response), scope)
    return sample.explain(Mask(["hushhush"]).hide_text)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ({"status_code": 200}, "expected status_code: 200, found 404"),
        ({"response_time": "< 500ms"}, "expected response_time: < 500ms, found 734.2 ms"),
        ({"body_size": "> 1KB"}, f"expected body_size: > 1KB, found {len(BODY)} bytes"),
        ({"header": "X-A: two"}, 'expected header: X-A: two, found "one"'),
        ({"header": "X-B"}, "expected header: X-B, found nothing"),
        ({"json": "data.id > 9"}, "expected json: data.id > 9, found 7"),
        ({"json": "data.none"}, "expected json: data.none, found nothing"),
        ({"json": "data.tags == 'a'"}, "expected json: data.tags == 'a', found [\"a\"]"),
        ({"json": "data.id == {{ wanted }}"}, "expected json: data.id == {{ wanted }} (= 8), found 7"),
        ({"json": "\"data\".\"secret-note\" == 'x'"}, 'expected another value of json "data"."secret-note"'),
        ({"json": "data.token == 'x'"}, "expected another value of json data.token"),
        ({"header": "Authorization: Bearer abc"}, "expected another value of header Authorization"),
        (
            {"body_contains": "hushhush!"},
            'expected body_contains: ***!, found "{\\"data\\": {\\"id\\": 7, \\"name\\": \\"Ann\\", \\"toke…"',
        ),
    ],
)  # fmt: skip
def test_expected_and_found_are_named(written: dict[str, Any], text: str) -> None:
    assert explain([{"status_code": 404}, written] if "status_code" not in written else [written], wanted=8) == text


def test_every_failed_assertion_is_named_and_no_other() -> None:
    text = explain(
        [{"status_code": 404}, {"json": "data.id > 9"}, {"body_contains": "Ann"}, {"response_time": "< 1ms"}]
    )
    assert text == "expected json: data.id > 9, found 7; expected response_time: < 1ms, found 734.2 ms"


def test_what_cannot_be_evaluated_says_why() -> None:
    assert explain([{"status_code": 404}, {"json": "data.name > 5"}]) == (
        "expected json: data.name > 5, found \"Ann\" ('>' not supported between instances of 'str' and 'int')"
    )
    assert "found nothing ('abs(data.name)' cannot be evaluated" in explain(
        [{"status_code": 404}, {"json": "abs(data.name) > 5"}]
    )
    undefined = explain([{"status_code": 404}, {"json": "data.id == {{ nobody }}"}])
    assert undefined.startswith("expected json: data.id == {{ nobody }}, found 7 (")
    assert "'nobody' is undefined" in undefined


def test_a_body_that_is_not_json_is_shown_by_its_begin() -> None:
    text = explain([{"status_code": 404}, {"json": "data.id"}], body=b"<html>" + b"x" * 100)
    assert text == f'expected json: data.id, found a body that is not JSON: "<html>{"x" * 33}…"'


def test_what_is_found_is_masked_before_it_is_cut_off() -> None:
    text = explain(
        [{"status_code": 404}, {"json": "data.v == 1"}], body=b'{"data": {"v": "' + b"x" * 36 + b'hushhush"}}'
    )
    assert text == f'expected json: data.v == 1, found "{"x" * 36}***"'


def test_deeply_nested_lists_are_shown_by_their_kind() -> None:
    body = b"[" * 900 + b"]" * 900
    text = explain([{"status_code": 404}, {"json": "@ == `1`"}], body=body)
    assert text.startswith("expected json: @ == `1`, found [")
