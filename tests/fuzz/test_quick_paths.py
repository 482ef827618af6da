"""Each quick path gives what the way that it shortens gives: heads, templates, requests, JSON, JMESPath, cookies.

The same 2,000 inputs of each kind every time; with GRADUAL_FUZZ another number of random ones.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any
from unittest.mock import patch

import httptools
import jmespath
from input_values import NAMES, TEXTS
from random_inputs import InputGenerator

from gradual_agent.http.cookies import jar as jar_module
from gradual_agent.http.cookies.jar import CookieJar
from gradual_agent.http.reading.head import ResponseHead, parse_head
from gradual_agent.http.reading.quick_head import MAX_LEARNED, KnownHeads, read_usual
from gradual_agent.http.request import build_request
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_agent.users.knowledge import NO_RESPONSE, ResponseView, Vu
from gradual_common.errors import GradualError
from gradual_common.kinds import content as content_module
from gradual_common.kinds.content import NOT_JSON, Content, PlainResponse
from gradual_common.kinds.expressions import Query
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.plan.model.plan import Config, Plan
from gradual_common.randomness import RandomStream
from gradual_common.templates.functions import RANDOM, WALL_CLOCK
from gradual_common.templates.templates import Condition, Template

DEFAULT_NUMBER = 2000
NUMBER = int(os.environ.get("GRADUAL_FUZZ", DEFAULT_NUMBER))
SEED = 1 if NUMBER == DEFAULT_NUMBER else Random().getrandbits(32)

# ── heads

STATUS_LINES = (b"HTTP/1.1 200 OK", b"HTTP/1.1 201 Created", b"HTTP/1.1 404 Not Found", b"HTTP/1.1 302 Found",
                b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 X", b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.0 200 OK",
                b"HTTP/1.1  200 OK", b"http/1.1 200 OK", b"HTTP/1.1 100 Continue", b"HTTP/1.1 \xe9", b"HTTP/2 200",
                b"HTTP/1.1 600 X", b"HTTP/1.1 2000 X", b"HTTP/1.1 500 \xc3\xa9\t!")  # fmt: skip
FIELDS = (b"Server: nginx", b"Date: Fri, 27 Nov 2026 04:08:31 GMT",
          b"Content-Type: application/json; charset=utf-8", b"X-Request-Id: 2b7e151628aed2a6",
          b"Connection: keep-alive", b"Connection: close", b"connection:keep-alive ", b"Connection: Keep-Alive",
          b"Connection: upgrade", b"Connection:", b"Set-Cookie: a=b; Path=/; HttpOnly",
          b"set-cookie:  c=\xc3\xa9; Max-Age=3 ", b"Set-Cookie:", b"Content-Encoding: gzip",
          b"content-encoding: br", b"Content-Encoding: gzip, br", b"Content-Encoding: GZIP",
          b"Content-Encoding: identity", b"Content-Encoding:", b"Location: /next", b"location: //h/ ", b"Location:",
          b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"transfer-encoding : chunked",
          b"Content-Length : 5", b"X-Folded: a\r\n b", b"X: a\x01b", b"X: \x00", b"no colon", b": no name",
          b"X Y: z", b"\xe9: x", b"ETag: \"6567-78\"", b"Vary:", b"X: content-length: 7", b"X-Content-Length: 7",
          b"Content-Lengthy: 8", b"Keep-Alive: timeout=5")  # fmt: skip
LENGTHS = (b"0", b"5", b"120", b"05", b"+5", b"5 ", b" 5\t", b"5, 5", b"5,6", b"-1", b"", b"x", b"9" * 18, b"9" * 19,
           b"9" * 30, b"5;q", b"0x5", b"1e3", b"5\x0b")  # fmt: skip


BODIES = (b"", b"x", b"\r\n", b"\r\n\r\n", b"Set-Cookie: a=b\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")


def random_head(random: Random) -> bytes:
    """A head: mostly one that a server sends, with rare or broken fields now and then."""
    common = random.random() < 0.5
    lines = [random.choice(FIELDS[: 5 if common else len(FIELDS)]) for _ in range(random.randrange(8))]
    for _ in range(1 if common else random.choice((0, 1, 1, 1, 2))):
        name = random.choice((b"Content-Length: ", b"content-length:", b"CONTENT-LENGTH: "))
        lines.append(name + random.choice(LENGTHS[: 3 if common else len(LENGTHS)]))
    if random.random() < 0.3:
        lines.append(random.choice(FIELDS[10:22]))
    random.shuffle(lines)
    first = random.choice(STATUS_LINES[: 4 if common else len(STATUS_LINES)])
    head = b"\r\n".join((first, *lines)) + b"\r\n\r\n"
    if random.random() < 0.1:
        changed = bytearray(head)
        position = random.randrange(len(changed))
        changed[position : position + random.randrange(3)] = random.randbytes(random.randrange(3))
        head = bytes(changed)
    return head


def attributes(head: ResponseHead) -> tuple[Any, ...]:
    """All that the engine reads of a head."""
    names = ("status", "is_error", "framing", "length", "cookies", "location", "encoding", "is_persistent",
             "is_redirect", "is_plain", "is_quick", "fields")  # fmt: skip
    return tuple(getattr(head, name) for name in names)


class Oracle:
    """What llhttp reads of a head."""

    def __init__(self, head: bytes) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        parser = httptools.HttpResponseParser(self)
        parser.feed_data(head)
        self.status = parser.get_status_code()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value.strip()))


def test_a_quick_head_is_what_the_parser_and_llhttp_read() -> None:
    # Of these few fields few shapes are made, so many heads are read by a shape that another one has left.
    accepted, known = 0, KnownHeads()
    for number in range(NUMBER):
        random = Random(SEED + number)
        data = random_head(random) + random.choice(BODIES)
        raw = data[: data.find(b"\r\n\r\n") + 4]
        if known._learned == MAX_LEARNED:
            known = KnownHeads()
        quick = known.find(data)
        assert quick is None or quick.size == len(raw), data
        assert quick is None or attributes(quick) == attributes(parse_head(raw)), raw
        usual = read_usual(raw)
        assert (usual is None) == (quick is None), raw
        if quick is not None:
            accepted += 1
            oracle = Oracle(raw)
            fields = [(name, value.strip()) for name, value in quick.fields]
            assert (quick.status, fields) == (oracle.status, oracle.fields), raw
    assert accepted > NUMBER / 3


# ── templates and requests

RECORDS: dict[str, Any] = {
    "vu": Vu("g", 3, 1, 7),
    "response": NO_RESPONSE,
    "user": {"a": "x", "b": 5, "items": "column", "list": [1, "two", {"a": None}], "class": 1.5, "yes": True},
    "token": "eyJhbGciOiJIUzI1NiJ9.e30",
    "secrets": {"KEY": "secret"},
}
READS = (*(name for name in NAMES if name not in ("vu", "response")), "token",
          "vu.iteration", "vu.group", "vu['slot']", "vu.__class__", "vu._slots", "user.list[1]",
         "user.list[2].a", "user.list[9]", "user.list[true]", "user['class']", "user.items", "user.yes", "user.b.real",
         "token[0]", "secrets.KEY", "response.json.list[0]", "response.status_code", "uuid()", "random_int(1, 9)",
         "random_int(9, 1)", "random_int(user.b, 8)", "sha256(token)", "base64(user.missing)", "tojson(user)",
         "random_choice(user.list)", "timestamp_ms()", "uuid", "5", "'x'")  # fmt: skip


CONSTANTS = ("0", "5", "1.5", "'x'", "'200'", "''", "true", "false", "none", "1e999", "200", "-1", "[]", "'e'")


def written(value: Any, **options: Any) -> bytes:
    """The value as JSON; an integer that is too long to be written as text is left out."""
    try:
        return json.dumps(value, **options).encode("utf-8", "surrogatepass")
    except ValueError:
        return b"[]"


def shown(value: Any) -> str:
    try:
        return repr(value)
    except ValueError:
        return "too long"


def scope_of(random: Random) -> dict[str, Any]:
    """What a template reads; the same random number gives the same."""
    generator = InputGenerator(random)
    scope = {**RECORDS, RANDOM: RandomStream.of_slot(1, 2, 3, 4), WALL_CLOCK: lambda: 1_793_534_400_123_456_789}
    body = written(generator.value())
    scope["response"] = ResponseView("success", 200, "", 1.5, Content(PlainResponse(body)))
    if random.random() < 0.5:
        scope["user"] = {"a": generator.value(), "b": random.choice(TEXTS), "list": [generator.value()]}
    if random.random() < 0.3:
        scope["token"] = generator.value()
    if random.random() < 0.1:
        scope["uuid"] = "shadowed"
    return scope


def text_of(random: Random) -> str:
    """A text with holes, of which most only read."""
    holes = [f"{{{{ {random.choice(READS)} }}}}" for _ in range(random.choice((1, 1, 2, 3)))]
    return random.choice(("", "", "/a/", "é", 'b"\\', "%2f ")).join(["", *holes] if random.random() < 0.5 else holes)


def outcome(make: Callable[[], Any]) -> tuple[str, Any]:
    """The type and the value, or the error that a report would show."""
    try:
        value = make()
    except GradualError as error:
        return "error", str(error)
    return type(value).__name__, shown(value)


def without_quick_path(template: Template) -> Template:
    template._direct_text = template._direct_value = None
    return template


def test_a_template_that_only_reads_is_rendered_as_by_jinja() -> None:
    direct = 0
    for number in range(NUMBER):
        text = text_of(Random(SEED + number))
        try:
            quick, jinja = Template(text), without_quick_path(Template(text))
        except GradualError:
            continue
        direct += quick.pieces is not None
        for render in ("render", "render_text"):
            found, expected = (
                outcome(partial(getattr(template, render), scope_of(Random(SEED + number))))
                for template in (quick, jinja)
            )
            assert found == expected, text
    assert direct > NUMBER / 3


def condition_of(random: Random, depth: int = 2) -> str:
    """A condition, of which most only read and compare."""
    if depth and random.random() < 0.4:
        join = random.choice(("({}) and ({})", "({}) or ({})", "{} and {}", "{} or {}", "not ({})", "not {} or {}"))
        return join.format(condition_of(random, depth - 1), condition_of(random, depth - 1))
    operands = [random.choice((*READS, *CONSTANTS)) for _ in range(random.choice((1, 2, 2, 2, 3)))]
    operators = ("==", "!=", "<", "<=", ">", ">=", "in", "not in")
    return operands[0] + "".join(f" {random.choice(operators)} {operand}" for operand in operands[1:])


def test_a_condition_that_only_compares_is_what_it_is_by_jinja() -> None:
    direct = decided = 0
    for number in range(NUMBER):
        text = condition_of(Random(SEED + number))
        try:
            quick, jinja = Condition(text), Condition(text)
        except GradualError:
            continue
        jinja._direct = None
        found, expected = (
            outcome(partial(condition.holds, scope_of(Random(SEED + number)))) for condition in (quick, jinja)
        )
        assert found == expected, text
        direct += quick._direct is not None
        decided += quick._direct is not None and found[0] == "bool"
    assert direct > NUMBER / 3
    assert decided > NUMBER / 20


def random_action(random: Random) -> dict[str, Any]:
    action: dict[str, Any] = {"url": random.choice(("/a/", "/a?b=", "/", "", "/a#")) + text_of(random)}
    if random.random() < 0.5:
        action["headers"] = {random.choice(("Authorization", "Cookie", "Host", "X-A")): f"Bearer {text_of(random)}"}
    if random.random() < 0.3:
        action["query"] = {"q": text_of(random), text_of(random): ["1", text_of(random)]}
    body = random.random()
    if body < 0.4:
        action |= {"method": "POST", "body": {"a": text_of(random), text_of(random): [1, text_of(random), None, "é"]}}
    elif body < 0.5:
        action |= {"method": "POST", "form": {"f": text_of(random), "g": "b c"}}
    elif body < 0.6:
        action |= {"method": "POST", "body": f'"{text_of(random)}"'}
    return action


def request_template(action: dict[str, Any]) -> RequestTemplate | None:
    document = {
        "config": {"name": "quick", "base_url": "http://bank:8080/v1", "duration": "1s"},
        "users": [{"name": "g", "concurrency": 1, "behavior": [{"action": "a"}]}],
        "actions": {"a": action},
    }
    try:
        plan = Plan.model_validate(document)
        spec = plan.actions["a"]
        assert isinstance(spec, HttpActionSpec)
        assert isinstance(plan.config, Config)
        return RequestTemplate(plan.config, spec)
    except (GradualError, ValueError):
        return None


def test_a_prepared_request_has_the_bytes_of_one_that_is_built() -> None:
    prepared = compared = 0
    for number in range(NUMBER):
        template = request_template(random_action(Random(SEED + number)))
        if template is None or template._prepared is None:
            continue
        prepared += 1
        scopes = [scope_of(Random(f"{SEED} {number} {n}")) for n in range(3)]
        plain = {
            **scopes[0],
            "user": {"a": "x1", "b": 5, "list": ["u", "v", {"a": 1}], "class": "c"},
            "token": "t.t_-~",
        }
        for scope in (*scopes, plain):
            try:
                quick = template._prepared({**scope, RANDOM: RandomStream.of_slot(1, 2, 3, 4)})
            except Exception:
                continue
            compared += 1
            template._prepared, kept = None, template._prepared
            built = template.build({**scope, RANDOM: RandomStream.of_slot(1, 2, 3, 4)})
            template._prepared = kept
            assert (quick.wire, quick.head, quick.fields) == (built.wire, built.head, built.fields)
            assert (quick.origin, quick.settings.cookie, quick.settings.cookie_host) == (
                built.origin,
                built.settings.cookie,
                built.settings.cookie_host,
            )
    assert min(prepared, compared) > NUMBER / 10


# ── JSON and JMESPath


def test_json_is_read_as_by_python() -> None:
    for number in range(NUMBER):
        random = Random(SEED + number)
        value = InputGenerator(random).value(4)
        body = written(value, ensure_ascii=random.random() < 0.5)
        if random.random() < 0.5:
            body = InputGenerator(random).mutate(body)
        found = Content(PlainResponse(body)).json
        with patch.object(content_module.orjson, "loads", side_effect=ValueError):
            expected = Content(PlainResponse(body)).json
        assert (found is NOT_JSON, shown(found)) == (expected is NOT_JSON, shown(expected)), body


STEPS = ("a", "b", "s", '"x y"', "list", "[0]", "[-1]", "[1]", "[7]")


def test_a_path_is_followed_as_by_jmespath() -> None:
    for number in range(NUMBER):
        random = Random(SEED + number)
        steps = random.choices(STEPS, k=random.randrange(1, 5))
        text = "".join(step if step[0] == "[" else f".{step}" for step in steps).removeprefix(".")
        value = {"a": InputGenerator(random).value(4), "list": [InputGenerator(random).value(3)], "b": {"a": [[1]]}}
        assert shown(Query(text)(value)) == shown(jmespath.search(text, value)), text


# ── cookies

SET_COOKIES = ("sid={v}; Path=/", "sid={v}; Path=/; HttpOnly", "sid={v}; Path=/a; Secure", "sid={v}", "sid={v}; Path=x",
               "sid={v}; Path=/; Max-Age=5", "sid={v}; Path=/; Max-Age=0", "sid={v}; path=/ ; Path=/b", "{v}",
               "sid={v}; Path=/; Expires=Fri, 27 Nov 2026 04:08:31 GMT", "other={v}; Path=/; Domain=shop.example",
               "other={v}; Path=/; x=path=/", "__Host-a={v}; Path=/; Secure", " sid ={v};Path=/", "sid={v}; Path=/;",
               "é={v}; Path=/", "=; Path=/", "sid={v}; Domain=other.example; Path=/")  # fmt: skip
VALUES = ("1", "2", "", "a b", '"q"', "x=y", "é", "a\x01b", "v" * 2048, "v" * 2049, "v" * 4094, "v" * 5000)


class Clock:
    """ns, and seconds since 1970."""

    now = 0

    def read(self) -> int:
        return self.now

    def read_wall(self) -> float:
        return 1_764_216_500 + self.now / 1e9


def test_renewed_cookies_are_those_that_are_read_again() -> None:
    requests = [build_request("GET", f"{scheme}://shop.example{path}") for scheme in ("http", "https") for path in "/a"]
    for number in range(NUMBER):
        random = Random(SEED + number)
        clock = Clock()
        jars = [CookieJar(clock.read, clock.read_wall) for _ in range(2)]
        lines = random.choices(SET_COOKIES, k=3)
        for _ in range(12):
            request = random.choice(requests)
            line = random.choice(lines).format(v=random.choice(VALUES))
            clock.now += random.randrange(3) * 1_000_000_000
            for jar, limit in zip(jars, (jar_module.MAX_RENEWABLE, -1), strict=True):
                with patch.object(jar_module, "MAX_RENEWABLE", limit):
                    jar.expire()
                    jar.store(request, [line])
                if limit < 0:
                    jar._renewable, jar._matching = {}, None
            for request in requests:
                quick, slow = (jar.header_for(request) for jar in jars)
                assert quick == slow, (lines, line)
