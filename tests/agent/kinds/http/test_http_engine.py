"""An action becomes the request that docs/design/plan_language.md describes, encoded once if nothing in it changes."""

from typing import Any

import pytest

from gradual_agent.http.request import HttpRequest
from gradual_agent.kinds.http.engine import HttpAction, HttpEngine
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.errors import RequestError, TemplateError
from gradual_common.kinds.failures import KIND, KINDS
from gradual_common.kinds.http.kind import HttpActionSpec, HttpKind
from gradual_common.kinds.kind import texts_in
from gradual_common.plan.model.plan import Config, Plan


def built(spec: dict[str, Any], config: dict[str, Any] | None = None, **scope: Any) -> HttpRequest:
    settings = Config.model_validate({"base_url": "http://bank/", **(config or {})})
    return RequestTemplate(settings, HttpActionSpec.model_validate({"url": "/", **spec})).build(scope)


def header(request: HttpRequest, name: str) -> list[str]:
    return [value for key, value in request.fields if key.lower() == name.lower()]


def test_query_values_are_encoded_and_lists_repeat() -> None:
    request = built(
        {"query": {"q": "a b&c", "id": [1, "{{ x }}"], "on": True, "none": None, "ids": "{{ ids }}"}}, x="ü", ids=[7, 8]
    )
    assert request.target == "/?q=a%20b%26c&id=1&id=%C3%BC&on=true&none=&ids=7&ids=8"


def test_the_actions_headers_replace_those_of_the_plan_without_case() -> None:
    request = built(
        {"headers": {"x-one": "action", "X-N": 5}}, {"headers": {"X-One": "plan", "X-Two": "{{ v }}"}}, v="w"
    )
    assert (header(request, "X-One"), header(request, "X-Two"), header(request, "X-N")) == (["action"], ["w"], ["5"])


def test_a_mapping_is_sent_as_json_with_types_kept_and_holes_escaped() -> None:
    body = {"name": "{{ user.name }}", "note": "for {{ user.name }}", "age": "{{ user.age }}", "tags": ["{{ t }}"]}
    request = built({"method": "post", "body": body}, user={"name": 'A"\n', "age": 41}, t=None)
    assert request.body == b'{"name":"A\\"\\n","note":"for A\\"\\n","age":41,"tags":[null]}'
    assert header(request, "Content-Type") == ["application/json"]


def test_a_content_type_that_is_given_stays() -> None:
    request = built({"headers": {"content-type": "application/vnd.bank+json"}, "body": []})
    assert header(request, "Content-Type") == ["application/vnd.bank+json"]
    assert request.body == b"[]"


def test_a_text_is_sent_as_it_is() -> None:
    request = built({"body": "<a>{{ x }}</a>"}, x='ü"')
    assert request.body == '<a>ü"</a>'.encode()
    assert header(request, "Content-Type") == []


def test_a_form_is_encoded_as_browsers_do() -> None:
    request = built({"form": {"a": "x y", "b": ["1", "{{ z }}"], "c": False}}, z="&")
    assert request.body == b"a=x+y&b=1&b=%26&c=false"
    assert header(request, "Content-Type") == ["application/x-www-form-urlencoded"]


def test_times_limits_and_tls_come_from_the_action_before_the_plan() -> None:
    config = {"timeout": "9s", "connect_timeout": "2s", "follow_redirects": 3, "tls": {"verify": False}}
    plain = built({}, config)
    assert (plain.settings.timeout, plain.settings.connect_timeout, plain.settings.follow_redirects) == (
        9_000_000_000,
        2_000_000_000,
        3,
    )
    own = built({"timeout": "1s", "follow_redirects": 0, "max_body": 10, "tls": {"server_name": "s"}}, config)
    assert (own.settings.timeout, own.settings.follow_redirects, own.settings.max_body) == (1_000_000_000, 0, 10)
    assert (own.origin.tls.verify, own.origin.tls.server_name) == (False, "s")


def test_text_is_utf_8_in_every_part() -> None:
    request = built(
        {
            "url": "/ü{{ x }}",
            "query": {"ü": "{{ x }}"},
            "headers": {"X-One": "ü{{ x }}", "X-Two": "é"},
            "body": "ü{{ x }}",
            "method": "POST",
        },
        x="😀",
    )
    assert request.target == "/%C3%BC%F0%9F%98%80?%C3%BC=%F0%9F%98%80"
    assert "\r\nX-One: ü😀\r\nX-Two: é\r\n".encode() in request.head
    assert request.body == "ü😀".encode()
    assert built({"form": {"ü": "{{ x }}"}}, x="😀").body == b"%C3%BC=%F0%9F%98%80"


@pytest.mark.parametrize(
    "spec",
    [
        {"url": "/{{ x }}"},
        {"url": "http://{{ x }}/"},
        {"query": {"q": "{{ x }}"}},
        {"query": {"{{ x }}": 1}},
        {"headers": {"X": "{{ x }}"}},
        {"form": {"q": "{{ x }}"}},
        {"body": "{{ x }}"},
    ],
)
def test_half_a_surrogate_pair_is_a_failure_wherever_it_is_not_json(spec: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        built(spec, x="\ud800")


def test_half_a_surrogate_pair_arrives_in_json_as_it_was_written() -> None:
    for body in ({"a": "{{ x }}"}, '{"a":{{ x | tojson }}}'):
        assert built({"body": body}, x="é\ud800").body == b'{"a":"\xc3\xa9\\ud800"}'


@pytest.mark.parametrize(
    "spec",
    [
        {"url": "/accounts/{{ x }}"},
        {"url": "{{ x }}"},
        {"url": "/", "service_base": "http://{{ x }}/"},
        {"query": {"q": "a{{ x }}"}},
        {"query": {"{{ x }}": 1}},
        {"headers": {"X": "{{ x }}"}},
        {"headers": {"X": "a{{ x }}"}},
        {"headers": {"Cookie": "sid={{ x }}"}},
        {"form": {"q": "a{{ x }}"}},
        {"body": "a{{ x }}"},
        {"body": {"a": "b{{ x }}"}},
    ],
)
def test_none_is_written_into_no_text(spec: dict[str, Any]) -> None:
    """A request for `/accounts/None` would be counted as any other."""
    base = spec.pop("service_base", None)
    with pytest.raises(TemplateError, match=r"none \(null\)"):
        built(spec, {"base_url": base} if base else None, x=None)


def test_none_as_a_whole_value_is_null_in_json_and_empty_in_pairs() -> None:
    assert built({"body": {"a": "{{ x }}"}}, x=None).body == b'{"a":null}'
    assert built({"query": {"a": "{{ x }}", "b": ["{{ x }}", 1]}}, x=None).target == "/?a=&b=&b=1"
    assert built({"form": {"a": "{{ x }}"}}, x=None).body == b"a="


# ── The action ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Client:
    """Answers every request with a status, and remembers what it was asked."""

    def __init__(self, status: int = 200, kind: int = 0) -> None:
        self.status = status
        self.kind = kind
        self.requests: list[HttpRequest] = []
        self.cookie = {}.get

    async def fetch(self, request: HttpRequest, sample: Sample) -> None:
        self.requests.append(request)
        sample.status_code = self.status
        sample.kind = self.kind
        sample.ended = 5

    interrupt = cut = end_iteration = close = lambda self: None


class User:
    def __init__(self, status: int = 200, kind: int = 0, **scope: Any) -> None:
        self.client = Client(status, kind)
        self.scope = scope

    def now(self) -> int:
        return 3


class Actions:
    """The actions of a plan, compiled by the HTTP engine."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def action(self, name: str, wants_headers: bool, wants_body: bool) -> HttpAction:
        spec = self._plan.actions[name]
        assert isinstance(spec, HttpActionSpec)
        engine: Any = None  # compiling needs no connections
        return HttpEngine(engine, self._plan).compile(spec, wants_headers, wants_body)


def actions(**specs: dict[str, Any]) -> Actions:
    return Actions(plan(**specs))


def plan(**specs: dict[str, Any]) -> Plan:
    return Plan.model_validate(
        {
            "config": {"base_url": "http://bank", "headers": {"X-C": "{{ c }}"}, "duration": "1m"},
            "users": [{"name": "g", "concurrency": 1, "behavior": list(specs)}],
            "actions": {name: {"headers": {"X-C": "static"}, **spec} for name, spec in specs.items()},
        }
    )


def perform(action: Any, user: User) -> Sample:
    sample = Sample()
    with pytest.raises(StopIteration):
        action.perform(user, sample).send(None)
    return sample


def test_a_static_request_is_built_once() -> None:
    user, action = User(), actions(a={"url": "/a"}).action("a", False, False)
    perform(action, user)
    perform(action, user)
    assert user.client.requests[0] is user.client.requests[1]


def test_the_request_keeps_only_what_something_reads() -> None:
    compiled = actions(
        a={"url": "/a", "assertions": [{"status_code": 200}]}, b={"url": "/b", "extract": {"t": "json: t"}}
    )
    wanted = []
    for name, headers, body in (("a", False, False), ("a", True, False), ("b", False, False)):
        user = User()
        perform(compiled.action(name, headers, body), user)
        wanted.append((user.client.requests[0].settings.wants_headers, user.client.requests[0].settings.wants_body))
    assert wanted == [(False, False), (True, False), (False, True)]


@pytest.mark.parametrize(("status", "kind"), [(200, ""), (399, ""), (404, "status")])
def test_below_400_is_implied_where_nothing_is_asserted(status: int, kind: str) -> None:
    assert KINDS[perform(actions(a={"url": "/a"}).action("a", False, False), User(status)).kind] == kind


def test_what_cannot_be_built_is_a_template_failure_that_sends_nothing_and_sets_defaults() -> None:
    for url in ("/{{ nobody }}", "ftp://x/{{ known }}"):
        user = User(known=1)
        spec = {"url": url, "extract": {"t": {"from": "json: t", "default": "d"}}}
        sample = perform(actions(a=spec).action("a", False, False), user)
        assert KINDS[sample.kind] == "template"
        assert (sample.messages, sample.ended, user.client.requests) == (0, 3, [])
        assert sample.detail
        assert user.scope["t"] == "d"


@pytest.mark.parametrize(
    ("status", "kind", "is_shown"),
    [(200, 0, False), (404, 0, True), (0, KIND["timeout"], True), (0, INTERRUPTED, False)],
)
def test_of_what_failed_the_request_is_kept_to_be_shown(status: int, kind: int, is_shown: bool) -> None:
    user, action = User(status, kind), actions(a={"url": "/a"}).action("a", False, False)
    assert (perform(action, user).request is user.client.requests[0]) is is_shown


def test_a_request_that_can_never_be_sent_is_an_error_when_it_is_compiled() -> None:
    with pytest.raises(RequestError):
        actions(a={"url": "ftp://x/"}).action("a", False, False)


def test_texts_that_may_be_templates_are_found_wherever_they_stand() -> None:
    assert list(texts_in({"a": ["b", {"c": 1}], "d": None})) == ["a", "b", "c", "d"]
    one = plan(a={"url": "/u", "body": {"k": "v"}, "assertions": [{"body_contains": "{{ x }}"}]})
    found = HttpKind().texts(one.config, one.actions["a"])
    assert {"/u", "v", "{{ x }}", "{{ c }}", "http://bank"} <= set(found)
