"""What `gradual try` says is readable text: bodies are shown as text, cut when long, sized when they are none."""

from base64 import b64encode

import pytest

from gradual.trial.printer import MAX_BODY_CHARACTERS, TrialPrinter, outcome_of, show_body
from gradual_agent.http.request import build_request
from gradual_agent.http.response import Headers, Response
from gradual_agent.kinds.http.exchange import message_of, message_of_request, title_of
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.kinds.failures import KIND
from gradual_common.secrecy.masking import Mask


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", ""),
        (b"one\ntwo", "\n\n  one\n  two"),
        (b"\x89PNG\r\n\x1a\n\x00", "\n\n  (9 bytes that are not text)"),
        (b"\xff\xfe", "\n\n  (2 bytes that are not text)"),
        ("naïve".encode(), "\n\n  naïve"),
    ],
)
def test_a_body_is_shown_as_what_it_is(body: bytes, shown: str) -> None:
    assert show_body(body, body.decode("utf-8", "replace"), str) == shown


def test_a_long_body_is_cut_and_says_so() -> None:
    shown = show_body(b"x", "x" * (MAX_BODY_CHARACTERS + 5), str)
    assert shown.endswith("x… (5 characters more)")


def test_a_body_is_masked_before_it_is_cut() -> None:
    hidden = "hunter2-" * 4
    shown = show_body(b"x", "x" * (MAX_BODY_CHARACTERS - 8) + hidden, Mask([hidden]).hide)
    assert "hunter2" not in shown


def test_what_a_request_holds_is_hidden_where_the_response_repeats_it() -> None:
    printed: list[str] = []
    printer = TrialPrinter(printed.append, Mask())
    printer.begin("a", {"user": {"name": "alice", "password": "fr0m-row"}})
    fields = {"X-Auth-Token": "t0ken-1", "X-Other": "seen"}
    request = build_request("POST", "http://me:p4ssw@h/x", fields, b"pin=8067")
    printer.show_request(f"POST {request.url}", message_of_request(request, "sid=c00kie"))
    sample = Sample()
    sample.status_code = 200
    echo = b"fr0m-row t0ken-1 p4ssw 8067 c00kie seen " + b64encode(b"x t0ken-1")
    sample.response = Response(200, Headers(((b"Set-Cookie", b"new=s3ssion"),)), echo + b" s3ssion")
    printer.show_response(title_of(sample), message_of(sample.response))
    text = "\n".join(printed)
    assert "*** *** *** *** *** seen *** ***" in text
    assert "name = 'alice', password = ***" in text
    assert not any(hidden in text for hidden in ("fr0m-row", "t0ken-1", "p4ssw", "8067", "c00kie", "s3ssion"))


@pytest.mark.parametrize(
    ("kind", "detail", "text"),
    [
        (0, "", "success"),
        (KIND["connect"], "refused", "failed: no connection (connect): refused"),
        (KIND["timeout"], "", "failed: timed out (timeout)"),
        (INTERRUPTED, "", "failed: interrupted"),
    ],
)
def test_an_outcome_names_the_kind_and_the_detail(kind: int, detail: str, text: str) -> None:
    sample = Sample()
    sample.kind, sample.detail = kind, detail
    assert outcome_of(sample, sample.explain(str)) == text


def test_a_status_that_fails_is_named_by_its_code() -> None:
    sample = Sample()
    sample.kind, sample.status_code = KIND["status"], 404
    assert outcome_of(sample, sample.explain(str)) == "failed: HTTP 404 (status)"


def test_a_status_without_a_phrase_has_none() -> None:
    sample = Sample()
    titles = []
    for sample.status_code in (404, 299):
        titles.append(title_of(sample))
    assert titles == ["404 Not Found, 0.0 ms", "299 , 0.0 ms"]


def test_conditions_tell_what_they_came_to() -> None:
    lines: list[str] = []
    printer = TrialPrinter(lines.append, Mask([]))
    for outcome in (True, False, "'x' is undefined"):
        printer.show_condition("pay", "x > 1", outcome)
    assert [line.strip() for line in lines] == [
        "pay: condition x > 1 is true",
        "pay: condition x > 1 is false: skipped",
        "pay: condition x > 1 cannot be evaluated: 'x' is undefined",
    ]


def test_a_request_is_shown_in_the_text_it_is_sent_in() -> None:
    lines: list[str] = []
    request = build_request("GET", "http://h/", {"X-Name": "ßé😀"})
    TrialPrinter(lines.append, Mask([])).show_request("GET http://h/", message_of_request(request, "a=é"))
    assert "  X-Name: ßé😀" in "\n".join(lines)
