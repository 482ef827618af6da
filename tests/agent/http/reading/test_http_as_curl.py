"""Responses are read as curl reads them: 250 of them, with what curl and Go make of each (`as_curl.tsv`)."""

import contextlib

import pytest
from curl_table import escape, read_table
from http_harness import GET, bytewise, exchange
from hypothesis import given, settings
from hypothesis import strategies as st

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.decoding import KNOWN_CODINGS, decode_body
from gradual_agent.http.reading.head import parse_head
from gradual_common.kinds.failures import KINDS

ROWS = read_table()
REFUSALS = ("protocol", "reset", "body_too_large")


def describe(outcomes, is_free, head):
    """What Gradual makes of it, as the table writes it."""
    if not outcomes:
        return "waiting"
    first, second, _ = outcomes[0]
    if isinstance(second, str):
        return f"{KINDS[first]}: {escape(second.encode('latin-1'))}"
    try:
        body = decode_body(second, parse_head(head).encoding, 1 << 26)
    except ResponseError as error:
        return f"{KINDS[error.failure.kind]}: {error}"
    return f"{first} {escape(body)} {'open' if is_free else 'closed'}"


def head_of(outcomes):
    """The head again, from its fields, for its codings."""
    fields = outcomes[0][2] if outcomes and not isinstance(outcomes[0][1], str) else ()
    return b"HTTP/1.1 200 OK\r\n" + b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\n"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_response_is_read_as_the_table_says(row):
    for pieces in ([row.data], bytewise(row.data)):
        outcomes, is_free = exchange(GET, pieces, row.ends)
        found = describe(outcomes, is_free, head_of(outcomes))
        assert found == row.gradual or (": " in row.gradual and found.startswith(row.gradual + ": "))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_differs_from_curl_has_a_reason(row):
    is_refused = row.gradual.startswith(REFUSALS)
    is_same = row.gradual == row.curl or (row.curl.startswith("refuses") and is_refused)
    assert is_same is (row.reason == "")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"X-Nul: a\0b\r\n", "field 'X-Nul' holds a NUL"),
        (b"X-Fold: a\r\n \0b\r\n", "field 'X-Fold' holds a NUL"),
        (b"Content-Length: 5\r\n 5\r\n", "field 'Content-Length' is folded"),
        (b"Content-Length: five\r\n", "field 'Content-Length' is 'five'"),
        (b"Content-Length: 1, 2\r\n", "field 'Content-Length' says 1 and 2"),
        (b"Transfer-Encoding: snappy\r\n", "field 'Transfer-Encoding' names 'snappy'"),
        (b"no colon" + b"x" * 100 + b"\r\n", "the line 'no colon" + "x" * 31 + "…' has no colon"),
    ],
)
def test_what_is_refused_is_named(head, message):
    with pytest.raises(ResponseError) as caught:
        parse_head(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
    assert message in str(caught.value)


def test_fields_are_taken_as_they_are():
    head = parse_head(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=\x01b; Path=/\r\nX-Long: a\r\n \tb\r\n \r\n"
        b"X Foo: \xc3\xbc\r\nX-Old : \xfc\r\nE:\n\r\n"
    )
    assert head.cookies == ("a=\x01b; Path=/",)
    assert dict(head.headers) == {"set-cookie": "a=\x01b; Path=/", "x-long": "a b", "x foo": "ü", "x-old": "ü", "e": ""}


def test_every_status_of_three_digits_is_one():
    found = [parse_head(b"HTTP/1.1 %d\r\n\r\n" % status).status for status in range(100, 1000) if status != 101]
    assert found == [status for status in range(100, 1000) if status != 101]


@pytest.mark.parametrize("line", [b"x" * 99_000, b"x" * 299_000])
def test_a_large_head_is_read(line):
    outcomes, is_free = exchange(GET, [b"HTTP/1.1 204 OK\r\nX: ", line, b"\r\n\r\n"])
    assert (outcomes[0][0], is_free) == (204, True)


MUTATIONS = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(["drop", "double", "replace", "insert"]), st.binary(max_size=3)),
    max_size=6,
)


def mutate(data, changes):
    for place, change, extra in changes:
        at = place % (len(data) + 1)
        if change == "drop":
            data = data[:at] + data[at + 1 :]
        elif change == "double":
            data = data[: at + 1] + data[at:]
        elif change == "replace":
            data = data[:at] + extra + data[at + len(extra) :]
        else:
            data = data[:at] + extra + data[at:]
    return data


@settings(max_examples=2000, derandomize=True, deadline=None)
@given(st.sampled_from(ROWS), MUTATIONS, st.booleans())
def test_any_bytes_are_a_response_or_a_failure_however_they_are_cut(row, changes, ends):
    """Nothing that a server sends is raised, and the outcome is the same whole and byte by byte."""
    data = mutate(row.data, changes)
    whole, by_byte = [exchange(GET, pieces, ends) for pieces in ([data] if data else [], bytewise(data))]
    assert [outcome[:2] for outcome in whole[0]] == [outcome[:2] for outcome in by_byte[0]]
    assert whole[1] == by_byte[1]
    for status, body, fields in whole[0]:
        if not isinstance(body, str):
            head = head_of(whole[0])
            describe([(status, body, fields)], whole[1], head)


@settings(max_examples=2000, derandomize=True, deadline=None)
@given(st.binary(max_size=200), st.lists(st.sampled_from(sorted(KNOWN_CODINGS)), min_size=1, max_size=3))
def test_any_body_is_decoded_or_refused(body, codings):
    with contextlib.suppress(ResponseError):
        assert len(decode_body(body, tuple(codings), 1000)) <= 1000
