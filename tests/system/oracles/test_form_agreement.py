"""Servers that nobody here wrote find in Gradual's forms what they find in those of curl and of aiohttp's client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from clients import Question, ask_curl
from form_clients import File, Form, post_by_aiohttp, post_by_curl, post_by_gradual
from http_harness import Driver, open_dialer
from running_httpbin import Httpbin
from running_nginx import GIGABYTE, Nginx

from gradual_agent.http.long_bytes import LongBytes, join_pieces
from gradual_agent.http.request import build_request
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.net.tls import Tls
from gradual_common.plan.model.plan import Config

PDF = b"%PDF-1.7\r\n--\r\n\x00\xff" + bytes(range(256))
LARGE = b"\xff" + bytes(range(251)) * 4000
TEXT = "é, \U0001f600\r\n--x\r\n\r\n& = %22 +".encode()

DOCUMENT = File("form.pdf", "application/pdf", "form.pdf")
FORMS: dict[str, Form] = {
    "one value": [("note", "text")],
    "an empty value": [("note", "")],
    "one file": [("document", DOCUMENT)],
    "an empty file": [("document", File("empty", "application/octet-stream", "empty"))],
    "files and values": [("a", "1"), ("document", DOCUMENT), ("b", "2"), ("large", File("large.bin", "x/y", "l.bin"))],
    "one name several times": [("n", "1"), ("n", "2"), ("n", "3")],
    "two files of one name": [("f", DOCUMENT), ("f", File("text", "text/plain", "second.txt"))],
    "texts that look like parts": [("note", TEXT.decode()), ("f", File("text", "text/plain", "t"))],
}
ODD_NAMES: Form = [('a "quote"', "1"), ("naïve; x", "2"), ("文", File("form.pdf", "application/pdf", "文 1.pdf"))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the forms."""
    for name, content in (("form.pdf", PDF), ("large.bin", LARGE), ("text", TEXT), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
    return tmp_path


def found(answer: tuple[int, bytes]) -> dict[str, Any]:
    """What httpbin says that it has read."""
    status, body = answer
    assert status == 200, body
    content = json.loads(body)
    return {key: content[key] for key in ("files", "form", "data", "args", "method", "url") if key in content}


@pytest.mark.parametrize("path", ["/post", "/anything?a=1"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
async def test_httpbin_finds_the_same(form: Form, path: str, httpbin: Httpbin, folder: Path) -> None:
    url = httpbin.url + path
    ours = found(await post_by_gradual(url, form, folder))
    assert {*ours["files"], *ours["form"]} == {name for name, _ in form}
    assert found(await post_by_curl(url, form, folder)) == ours
    assert found(await post_by_aiohttp(url, form, folder)) == ours


async def test_odd_names_are_written_as_curl_does(httpbin: Httpbin, folder: Path) -> None:
    """aiohttp's client does not: it escapes them in a way of its own."""
    ours = found(await post_by_gradual(f"{httpbin.url}/post", ODD_NAMES, folder))
    assert (ours["form"], [*ours["files"]]) == ({'a "quote"': "1", "naïve; x": "2"}, ["文"])
    assert found(await post_by_curl(f"{httpbin.url}/post", ODD_NAMES, folder)) == ours


@pytest.mark.parametrize("status", [307, 308])
async def test_a_form_is_sent_again_to_where_a_redirect_leads(status: int, httpbin: Httpbin, folder: Path) -> None:
    url = f"{httpbin.url}/redirect-to?url=/anything&status_code={status}"
    form = FORMS["files and values"]
    ours = found(await post_by_gradual(url, form, folder))
    assert (ours["form"], len(ours["files"])) == ({"a": "1", "b": "2"}, 2)
    assert found(await post_by_curl(url, form, folder)) == ours
    assert found(await post_by_aiohttp(url, form, folder)) == ours


async def test_a_form_without_files_is_read_as_that_of_curl(httpbin: Httpbin, tmp_path: Path) -> None:
    """`form:` with a list, a template, empty values, and characters that mean something in it."""
    form = {"a": ["1", "2"], "é &=": "{{ text }}", "empty": "", "n": 1.5, "yes": True, "none": []}
    pairs = [("a", "1"), ("a", "2"), ("é &=", TEXT.decode()), ("empty", ""), ("n", "1.5"), ("yes", "true")]
    spec = HttpActionSpec.model_validate({"method": "POST", "url": f"{httpbin.url}/post", "form": form})
    template = RequestTemplate(Config.model_validate({}), spec, wants_body=True)
    httpbin.take_log()
    with open_dialer() as dialer:
        driver = Driver(dialer)
        sample = await driver.fetch(template.build({"text": TEXT.decode()}))
        driver.client.close()
    (log,) = httpbin.take_log()
    ours = found((sample.status_code, sample.response.body))
    assert ours["form"] == {"a": ["1", "2"], "é &=": TEXT.decode(), "empty": "", "n": "1.5", "yes": "true"}
    fields = {"Content-Type": "application/x-www-form-urlencoded"}
    question = Question("/post", "POST", fields, urlencode(pairs).encode())
    (theirs,) = await ask_curl([question], httpbin.url, tmp_path)
    assert found((theirs.status, theirs.body)) == ours
    (log_of_curl,) = httpbin.take_log()
    assert [log_of_curl[key] for key in ("body", "content_type")] == [log[key] for key in ("body", "content_type")]


@pytest.mark.parametrize("size", [50_000, 200_000, 8 << 20])
async def test_nginx_takes_what_is_below_its_limit_and_refuses_the_rest(size: int, nginx: Nginx, folder: Path) -> None:
    """It answers 413 to a head that announces too much, and closes; what is on its way by then does not hide it."""
    (folder / "large.bin").write_bytes(bytes(size))
    form: Form = [("f", File("large.bin", "application/octet-stream", "large.bin")), ("note", "text")]
    status, body = await post_by_gradual(f"{nginx.plain}/sized/1.txt", form, folder)
    assert status == (405 if size < 100_000 else 413)
    assert await post_by_curl(f"{nginx.plain}/sized/1.txt", form, folder) == (status, body)


@pytest.mark.parametrize("is_secure", [False, True], ids=["plain", "TLS"])
async def test_a_gigabyte_of_shared_files_goes_out_whole(is_secure: bool, nginx: Nginx) -> None:
    """A message that was longer or shorter than its Content-Length would break the request after it."""
    piece = bytes(1 << 26)
    body = join_pieces([piece] * (GIGABYTE // len(piece)))
    assert isinstance(body, LongBytes)
    base, assets, tls = nginx.plain, {}, Tls()
    if is_secure:
        base, assets, tls = nginx.secure, {"ca.pem": nginx.authority.read_bytes()}, Tls(ca="ca.pem")
    request = build_request("POST", f"{base}/unlimited", (), body, tls=tls, timeout=300 * 10**9)
    with open_dialer(assets) as dialer:
        driver = Driver(dialer)
        first = await driver.fetch(request)
        second = await driver.fetch(build_request("GET", f"{base}/text", tls=tls))
        driver.client.close()
    assert [(sample.kind, sample.status_code) for sample in (first, second)] == [(0, 200), (0, 200)]
    assert first.bytes_sent >= GIGABYTE
