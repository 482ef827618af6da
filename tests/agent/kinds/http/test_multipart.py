"""Multipart bodies, read back by Python's `email` parser, which nobody here wrote."""

from email.message import Message
from email.parser import BytesParser
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.http.long_bytes import PIECE, LongBytes
from gradual_agent.http.request import HttpRequest
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_common.errors import RequestError, TemplateError
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.plan.model.plan import Config

PDF = b"%PDF-1.7\r\n--\r\n\x00\xff" + bytes(range(256))
LARGE = bytes(range(251)) * 4000
ASSETS = {"docs/form.pdf": PDF, "large.bin": LARGE, "empty": b""}


def template(multipart: dict[str, Any], config: dict[str, Any] | None = None, **spec: Any) -> RequestTemplate:
    settings = Config.model_validate({"base_url": "http://bank/", **(config or {})})
    action = HttpActionSpec.model_validate({"url": "/", "method": "POST", "multipart": multipart, **spec})
    return RequestTemplate(settings, action, ASSETS)


def read(request: HttpRequest) -> list[tuple[str, str | None, str | None, bytes]]:
    """Name, file name, content type and content of each part."""
    (content_type,) = [value for name, value in request.fields if name.lower() == "content-type"]
    whole = f"Content-Type: {content_type}\r\n\r\n".encode() + bytes(request.body)
    message = BytesParser().parsebytes(whole)
    assert (message.is_multipart(), message.defects) == (True, [])
    return [_describe(part) for part in message.get_payload()]


def _describe(part: Message) -> tuple[str, str | None, str | None, bytes]:
    name = part.get_param("name", header="content-disposition")
    content = part.get_payload(decode=True)
    assert isinstance(name, str)
    assert isinstance(content, bytes)
    return name, part.get_filename(), part["content-type"], content


def test_files_and_values_arrive_in_the_order_of_the_plan() -> None:
    made = template(
        {
            "document": {"file": "docs/form.pdf", "content_type": "application/pdf"},
            "note": "{{ row.note }}",
            "n": [1, True, {"value": {"a": ["{{ row.note }}"]}}, {"value": "x", "content_type": "text/csv"}],
            "object": "{{ row.object }}",
            "guessed": {"file": "docs/form.pdf"},
            "other": {"file": "empty", "filename": "{{ row.note }}.txt"},
        }
    )
    assert read(made.build({"row": {"note": 'a "b"', "object": {"b": 1}}})) == [
        ("document", "form.pdf", "application/pdf", PDF),
        ("note", None, None, b'a "b"'),
        ("n", None, None, b"1"),
        ("n", None, None, b"true"),
        ("n", None, "application/json", b'{"a":["a \\"b\\""]}'),
        ("n", None, "text/csv", b"x"),
        ("object", None, "application/json", b'{"b":1}'),
        ("guessed", "form.pdf", "application/pdf", PDF),
        ("other", "a %22b%22.txt", "application/octet-stream", b""),
    ]


def test_the_bytes_are_those_of_the_standard() -> None:
    request = template({"a": "1", "f": {"file": "empty"}}).build({})
    boundary = dict(request.fields)["Content-Type"].partition("boundary=")[2]
    assert bytes(request.body).decode() == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="f"; filename="empty"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n\r\n--{boundary}--\r\n"
    )
    assert f"Content-Length: {len(request.body)}\r\n".encode() in request.head
    assert len(boundary) <= 70  # RFC 2046, 5.1.1


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ('a"b', "a%22b"),
        ("a\nb", "a%0D%0Ab"),
        ("a\r\nb", "a%0D%0Ab"),
        ("a\rb", "a%0D%0Ab"),
        ("é;\\", "é;\\"),
        ("a%22", "a%22"),
    ],
)
def test_names_are_escaped_as_browsers_do(name: str, sent: str) -> None:
    """As in the multipart tests of web-platform-tests."""
    body = bytes(template({name: "1"}).build({}).body)
    assert f'name="{sent}"\r\n'.encode() in body


def test_a_file_name_keeps_its_line_ends_apart() -> None:
    body = bytes(template({"a": {"file": "empty", "filename": 'a\nb\r"c'}}).build({}).body)
    assert b'filename="a%0Ab%0D%22c"\r\n' in body


def test_the_boundary_is_the_same_in_each_run_and_differs_by_the_parts() -> None:
    requests = [template({"a": text}).build({}) for text in ("1", "1", "2")]
    first, second, other = (dict(request.fields)["Content-Type"] for request in requests)
    assert first == second != other


def test_a_value_that_holds_the_boundary_gets_another_one() -> None:
    made = template({"a": "{{ x }}", "f": {"file": "docs/form.pdf"}})
    boundary = dict(made.build({"x": ""}).fields)["Content-Type"].partition("boundary=")[2]
    request = made.build({"x": f"\r\n--{boundary}--\r\n"})
    assert read(request)[0][3] == f"\r\n--{boundary}--\r\n".encode()
    assert boundary not in dict(request.fields)["Content-Type"]


def test_a_content_type_for_all_actions_is_replaced() -> None:
    request = template({"a": "1"}, {"headers": {"content-type": "application/json", "X": "1"}}).build({})
    fields = [(name, value.partition(";")[0]) for name, value in request.fields if name in ("X", "Content-Type")]
    assert fields == [("X", "1"), ("Content-Type", "multipart/form-data")]
    assert read(request) == [("a", None, None, b"1")]


def test_a_large_file_is_shared_by_all_requests() -> None:
    made = template({"f": {"file": "large.bin"}, "n": "{{ n }}"})
    for n in (1, 2):
        request = made.build({"n": n})
        assert isinstance(request.wire, LongBytes)
        assert any(piece.obj is LARGE for piece in request.wire._pieces)
        assert sha256(read(request)[0][3]).hexdigest() == sha256(LARGE).hexdigest()
        assert bytes(request.wire_with("Cookie: a=b\r\n")) == bytes(request.head[:-2]) + b"Cookie: a=b\r\n\r\n" + bytes(
            request.body
        )


def test_what_has_no_template_is_encoded_once() -> None:
    assert template({"f": {"file": "large.bin"}, "n": 1}).is_static
    assert not template({"f": {"file": "large.bin", "filename": "{{ n }}"}}).is_static
    assert not template({"{{ n }}": "a"}).is_static
    assert template({"{{ n }}": "a"}).build({"n": 5}).body.count(b'name="5"') == 1


def test_what_cannot_be_sent_is_an_error() -> None:
    with pytest.raises(RequestError, match="surrogate"):
        template({"a": "{{ x }}"}).build({"x": "\ud800"})
    with pytest.raises(TemplateError):
        template({"a": "{{ x.y }}"}).build({})


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8")), min_size=1
    )
)
def test_any_values_arrive(values: dict[str, str]) -> None:
    made = template({f"{{{{ names[{number}] }}}}": f"{{{{ values[{number}] }}}}" for number in range(len(values))})
    scope = {"names": list(values), "values": list(values.values())}
    assert [part[3].decode() for part in read(made.build(scope))] == list(values.values())


def test_a_file_is_a_body() -> None:
    settings = Config.model_validate({"base_url": "http://bank/"})
    for file, headers, expected in (
        ("large.bin", {}, "application/octet-stream"),
        ("docs/form.pdf", {}, "application/pdf"),
        ("docs/form.pdf", {"Content-Type": "text/x"}, "text/x"),
    ):
        spec = {"url": "/{{ n }}", "method": "PUT", "body_file": file, "headers": headers}
        request = RequestTemplate(settings, HttpActionSpec.model_validate(spec), ASSETS).build({"n": 1})
        assert (bytes(request.body), dict(request.fields)["Content-Type"]) == (ASSETS[file], expected)
        assert isinstance(request.wire, LongBytes) == (len(ASSETS[file]) > PIECE)
