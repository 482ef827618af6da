"""A failed exchange is shown as it went, without secrets, and bounded; an error's answer is kept for that."""

import gzip
import json
from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest
from http_harness import Driver, answer, open_dialer, run_server
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.http.request import MAX_KEPT_ERROR, build_request
from gradual_agent.http.response import Headers, Response
from gradual_agent.kinds.failed_exchange import MAX_FIELDS, MAX_READ, MAX_TEXT, MAX_VALUE
from gradual_agent.kinds.http.exchange import describe_exchange
from gradual_agent.runtime.sample import Sample
from gradual_common.kinds.failures import KIND
from gradual_common.secrecy.masking import Mask

URL = "http://bank.example:8080/login?user=u&token=abc"
SECRET = 'k"ö y/1'
ONE_READ = 256 * 1024
"""What the engine reads at once, at most, and a little more."""


def failed(request=None, response=None, detail="", status=None):
    sample = Sample(7)
    sample.reset(0)
    sample.kind, sample.detail = KIND["status"], detail
    sample.request, sample.response = request, response
    sample.status_code = status if status is not None else (response.status_code if response else 0)
    return sample


def described(request=None, response=None, *secrets, **more):
    document = describe_exchange(Mask(secrets), failed(request, response, **more))
    json.dumps(document, allow_nan=False).encode()
    assert document.keys() == {"detail", "request", "response"}
    return document


def response(body=b"", status=500, **fields):
    raw = tuple((name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in fields.items())
    return Response(status, Headers(raw), body)


def test_a_request_is_shown_as_it_went_out():
    request = build_request("POST", URL, {"X-Tenant": "north", "Content-Type": "text/plain"}, "grüß".encode())
    shown = described(request)["request"]
    assert (shown["method"], shown["url"]) == ("POST", "http://bank.example:8080/login?user=u&token=***")
    assert (shown["body"], shown["body_bytes"]) == ("grüß", 6)
    sent = [line.split(": ", 1) for line in request.head.decode().split("\r\n")[1:-2]]
    assert shown["headers"] == [field for field in sent if field[0] != "Content-Length"]


def test_the_host_is_the_one_that_the_plan_says():
    request = build_request("GET", URL, {"Host": "other.example"})
    assert described(request)["request"]["headers"][0] == ["Host", "other.example"]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer abc", "***"),
        ("Cookie", "a=b", "***"),
        ("X-Api-Key", "abc", "***"),
        ("X-Auth-Token", "abc", "***"),
        ("Referer", "http://a.example/?access_token=abc", "http://a.example/?access_token=***"),
        ("X-Data", '{"password": "abc", "x": 1}', '{"password": "***", "x": 1}'),
        ("X-Trace", "1-2-3", "1-2-3"),
    ],
)
def test_header_values_that_are_credentials_are_masked(name, value, shown):
    assert [name, shown] in described(build_request("GET", URL, {name: value}))["request"]["headers"]


def test_credentials_in_a_url_are_masked():
    document = described(build_request("GET", "http://me:pw@bank.example/"))
    assert "pw@" not in str(document)
    assert ["Authorization", "***"] in document["request"]["headers"]


def test_what_a_server_sets_is_masked_too():
    shown = described(None, response(b"", Set_Cookie="session=abc", Location="/cb?code=1&id_token=abc"))["response"]
    assert shown["headers"] == [["set-cookie", "***"], ["location", "/cb?code=1&id_token=***"]]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"user": "u", "password": "hunter2"}', '{"user": "u", "password": "***"}'),
        (b"user=u&password=hunter2", "user=u&password=***"),
        (b'{"password": "hunter2', '{"password": "***"'),
        (b"\xff\xfe plain", "\ufffd\ufffd plain"),
        (b"", ""),
    ],
)
def test_bodies_are_masked_on_both_sides(body, shown):
    document = described(build_request("POST", URL, {}, body), response(body))
    assert document["request"]["body"] == document["response"]["body"] == shown
    assert document["request"]["body_bytes"] == document["response"]["body_bytes"] == len(body)


@pytest.mark.parametrize("place", ["url", "header", "body", "response", "response header", "detail"])
def test_a_declared_secret_is_masked_in_every_form_and_place(place):
    forms = [quote(SECRET), quote_plus(SECRET), "Basic " + b64encode(f"me:{SECRET}".encode()).decode()]
    if place in ("body", "response", "detail"):
        forms += [SECRET, json.dumps(SECRET), json.dumps(SECRET, ensure_ascii=False)]
    for form in forms[:2] if place == "url" else forms:
        document = described(
            build_request(
                "POST",
                f"http://h/?q={form if place == 'url' else ''}",
                {"X-Tenant": form} if place == "header" else {},
                form.encode() if place == "body" else b"",
            ),
            response(
                form.encode() if place == "response" else b"",
                **({"X_Tenant": form} if place == "response header" else {}),
            ),
            SECRET,
            detail=form if place == "detail" else "",
        )
        written = json.dumps(document, ensure_ascii=False)
        assert "***" in written, form
        assert form not in written


@pytest.mark.parametrize("length", range(MAX_VALUE - 40, MAX_VALUE + 5, 5))
def test_a_secret_is_not_shown_in_part_where_a_value_is_cut_off(length):
    secret = "S3cretS3cretS3cretS3cretS3cret"
    request = build_request("GET", "http://h/", {"X-Long": "x" * length + secret})
    shown = dict(described(request, None, secret)["request"]["headers"])["X-Long"]
    assert len(shown) <= MAX_VALUE
    assert "S3" not in shown


def test_what_is_long_is_cut_off_with_its_length():
    long = "x" * (MAX_TEXT + 1)
    request = build_request("POST", f"http://h/{long}", [(f"X-{n}", long) for n in range(100)], b"y" * 1_000_000)
    document = described(request, response(b"z" * 5000, **{f"X_{n}": long for n in range(100)}), detail=long)
    shown = document["request"]
    assert shown["body"] == "y" * MAX_TEXT + "… (1,000,000 bytes)"
    assert shown["body_bytes"] == 1_000_000
    assert shown["url"].endswith(f"x… ({len(request.url):,} characters)")
    assert document["detail"] == "x" * MAX_TEXT + f"… ({MAX_TEXT + 1:,} characters)"
    for side in ("request", "response"):
        assert len(document[side]["headers"]) == MAX_FIELDS
        assert max(len(value) for _, value in document[side]["headers"]) == MAX_VALUE
    assert len(json.dumps(document)) < 300_000


def test_a_short_remainder_of_a_long_text_is_still_marked_as_cut_off():
    """All that is looked at is one hidden value."""
    body = json.dumps({"token": "x" * 2 * MAX_READ}).encode()
    assert described(build_request("POST", URL, {}, body))["request"]["body"] == (
        f'{{"token": "***"… ({len(body):,} characters)'
    )


def test_nothing_sent_and_nothing_received_are_none():
    document = described(detail="no variable 'x'")
    assert document == {"detail": "no variable 'x'", "request": None, "response": None}


def test_a_request_without_an_answer_has_no_response():
    document = described(build_request("GET", URL), detail="no response within 30 s")
    assert document["request"] is not None
    assert document["response"] is None


def test_of_an_answer_that_was_not_kept_the_status_is_shown_and_nothing_is_made_up():
    document = described(build_request("GET", URL), status=200)
    assert document["response"] == {"status_code": 200, "headers": [], "body": None, "body_bytes": None}


def test_a_body_that_was_not_kept_is_not_an_empty_one():
    request = build_request("GET", URL, wants_headers=True)
    shown = described(request, response(b"", 200, Content_Length="5"))["response"]
    assert shown == {"status_code": 200, "headers": [["content-length", "5"]], "body": None, "body_bytes": None}


def test_a_body_that_the_plan_reads_is_shown_for_every_status():
    request = build_request("GET", URL, wants_body=True)
    shown = described(request, response(b'{"a": 1}', 200))["response"]
    assert (shown["body"], shown["body_bytes"]) == ('{"a": 1}', 8)


def test_a_body_that_the_plan_reads_is_not_decoded_twice():
    request = build_request("GET", URL, wants_body=True, wants_headers=True)
    body = gzip.compress(b"inner")
    shown = described(request, response(body, 500, Content_Encoding="gzip"))["response"]
    assert shown["body_bytes"] == len(body)


def test_of_a_body_that_was_cut_off_no_size_is_claimed():
    shown = described(build_request("GET", URL), response(b"x" * MAX_KEPT_ERROR))["response"]
    assert shown["body_bytes"] is None
    assert shown["body"].endswith(f"… ({MAX_KEPT_ERROR:,} or more bytes)")


@pytest.mark.parametrize("coding", ["gzip", "GZip", "identity, gzip", "gzip, "])
def test_a_coded_error_is_shown_decoded(coding):
    shown = described(None, response(gzip.compress("grüß".encode()), Content_Encoding=coding))["response"]
    assert (shown["body"], shown["body_bytes"]) == ("grüß", 6)


@pytest.mark.parametrize("body", [b"plain", gzip.compress(b"x" * 1000)[:-9], gzip.compress(b"\0" * 2**21)])
def test_a_coding_that_cannot_be_undone_is_shown_as_it_came(body):
    shown = described(None, response(body, Content_Encoding="gzip"))["response"]
    assert shown["body"] == body.decode("utf-8", "replace")


@pytest.mark.parametrize("charset", ["hex", "idna", "undefined", "punycode", "nowhere", "unicode_escape", "utf-7", '"'])
def test_an_unknown_charset_is_read_as_utf_8(charset):
    shown = described(None, response(b"caf\xc3\xa9 +2AA- \\ud800", Content_Type=f"text/plain; charset={charset}"))
    assert shown["response"]["body"].startswith("caf")


def test_a_lone_surrogate_does_not_reach_a_file():
    assert described(detail="got '\ud800'")["detail"] == r"got '\ud800'"


@given(
    st.binary(max_size=200),
    st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=40)), max_size=4),
    st.sampled_from([b"", b"gzip", b"deflate", b"br", b"gzip, deflate"]),
    st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=30),
    st.integers(100, 599),
)
def test_any_response_is_described(body, fields, coding, content_type, status):
    raw = (*fields, (b"Content-Encoding", coding), (b"Content-Type", content_type.encode("latin-1")))
    document = described(build_request("GET", URL), Response(status, Headers(raw), body), "secret")
    assert document["response"]["status_code"] == status


# ── What the engine keeps ──────────────────────────────────────────────────────────────────────────────────────────


async def fetch(script, method="GET", **options):
    """Two samples of one user."""
    async with run_server(script) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            samples = [await user.fetch(method, f"http://127.0.0.1:{server.port}/", **options) for _ in range(2)]
            user.client.close()
    return samples


@pytest.mark.parametrize("status", ["400 X", "404 X", "500 X", "599 X"])
async def test_an_error_keeps_its_head_and_its_body_though_the_plan_does_not_read_them(status):
    for sample in await fetch(lambda request, number: answer(b"why", status, f"X-Number: {number}")):
        assert sample.kind == 0
        assert sample.response.body == b"why"
        assert sample.response.status_code == sample.status_code == int(status[:3])
        assert sample.response.headers["x-number"] in ("1", "2")


@pytest.mark.parametrize("status", ["200 X", "204 X", "304 X", "302 X"])
async def test_no_other_answer_is_kept(status):
    for sample in await fetch(lambda request, number: answer(b"", status)):
        assert sample.response is None


async def test_an_error_whose_head_was_seen_before_is_kept_with_its_own_body():
    def script(request, number):
        return answer(b"first" if number == 1 else b"other", "500 X")

    assert [sample.response.body for sample in await fetch(script)] == [b"first", b"other"]


async def test_a_chunked_error_is_kept():
    head = b"HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n"
    for sample in await fetch(lambda request, number: head + b"3\r\nwhy\r\n4\r\n not\r\n0\r\n\r\n"):
        assert sample.response.body == b"why not"


async def test_an_error_that_ends_with_its_connection_is_kept():
    for sample in await fetch(lambda request, number: (b"HTTP/1.1 500 X\r\n\r\nwhy", "close")):
        assert sample.response.body == b"why"


async def test_a_coded_error_is_kept_as_it_came_and_shown_decoded():
    body = gzip.compress(b"why")
    for sample in await fetch(lambda request, number: answer(body, "500 X", "Content-Encoding: gzip")):
        assert sample.response.body == body
        sample.request = build_request("GET", URL)
        assert describe_exchange(Mask([]), sample)["response"]["body"] == "why"


async def test_an_error_to_head_has_no_body():
    lines = b"HTTP/1.1 404 X\r\nContent-Length: 50\r\n\r\n"
    for sample in await fetch(lambda request, number: lines, method="HEAD"):
        assert (sample.response.status_code, sample.response.body) == (404, b"")


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_of_a_large_error_only_the_begin_is_kept(is_chunked):
    size = 3_000_000
    text = b"x" * size
    if is_chunked:
        head = b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n"
        wire = head + b"".join(b"3e8\r\n" + b"x" * 1000 + b"\r\n" for _ in range(size // 1000)) + b"0\r\n\r\n"
    else:
        wire = answer(text, "500 X")
    for sample in await fetch(lambda request, number: wire):
        assert MAX_KEPT_ERROR <= len(sample.response.body) <= MAX_KEPT_ERROR + ONE_READ
        assert sample.bytes_received == len(wire)


async def test_a_large_error_that_is_wanted_is_whole():
    for sample in await fetch(lambda request, number: answer(b"x" * 1_000_000, "500 X"), wants_body=True):
        assert len(sample.response.body) == 1_000_000


async def test_a_body_of_another_answer_is_never_shown():
    """The redirect's body was read and its target never came; the next request wants nothing but a head."""

    def script(request, number):
        if number == 1:
            return answer(b"of the redirect", "307 X", "Location: /away")
        return None if number == 2 else answer(b"mine", "200 X")

    async with run_server(script) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            url = f"http://127.0.0.1:{server.port}/"
            broken = await user.fetch("POST", url, wants_body=True)
            sample = await user.fetch("GET", url, wants_headers=True)
            user.client.close()
    assert broken.kind == KIND["reset"]
    assert (sample.status_code, sample.response.body) == (200, b"")
