"""`auth.sigv4` in an action: what is rendered when, and settings that cannot sign."""

from typing import Any

import pytest
from plan_samples import load, small

from gradual_agent.http.auth.signed_request import SignedRequest
from gradual_agent.http.auth.signing import compile_signing
from gradual_agent.http.request import HttpRequest
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_agent.kinds.http.signed_template import SignedTemplate, compile_request
from gradual_agent.kinds.python.requests import Requests
from gradual_common.errors import RequestError, TemplateError
from gradual_common.kinds.http.auth.auth import Auth

SIGV4 = {"service": "execute-api", "region": "eu-central-1", "access_key": "AK-1", "secret_key": "secret-1"}


def template(auth: Any, **action: Any) -> RequestTemplate:
    plan = load(small(actions__look={"url": "/", "auth": auth, **action})).plan
    spec: Any = plan.actions["look"]
    return compile_request(plan.config_of(spec), spec, {}, wants_headers=False, wants_body=False)


def test_only_actions_that_sign_have_a_template_that_does() -> None:
    assert type(template("none")) is RequestTemplate
    assert type(template({"bearer": "x"})) is RequestTemplate
    assert compile_signing(None) is None
    made = template({"sigv4": SIGV4})
    assert type(made) is SignedTemplate
    assert made.is_static
    assert isinstance(made.build({}), SignedRequest)


def test_templates_in_the_credentials_are_rendered_with_each_request() -> None:
    made = template({"sigv4": {**SIGV4, "access_key": "{{vu.slot}}-AK"}}, body={"n": "{{vu.slot}}"}, method="POST")
    assert not made.is_static
    for slot in (1, 2):
        wire = bytes(made.build({"vu": {"slot": slot}}).wire)
        assert f"Credential={slot}-AK/".encode() in wire
        assert wire.endswith(b'{"n":%d}' % slot)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [("", TemplateError, "auth.sigv4.secret_key is empty"), ("a\r\nX: 1", RequestError, "holds a line break")],
)
def test_credentials_that_cannot_sign_fail_the_request(value: str, error: type[Exception], message: str) -> None:
    signing = compile_signing(Auth.model_validate({"sigv4": {**SIGV4, "secret_key": "{{key}}"}}))
    assert signing is not None
    request = template("none").build({})
    assert type(request) is HttpRequest
    with pytest.raises(error, match=message) as caught:
        signing.sign(request, {"key": value})
    assert not value or value not in str(caught.value)


def test_requests_of_python_actions_are_signed_for_their_service() -> None:
    plan = load(small(services={"aws": {"auth": {"sigv4": SIGV4}}})).plan
    requests = Requests(plan)
    assert isinstance(requests.build({}, "GET", "/", service="aws"), SignedRequest)
    assert type(requests.build({}, "GET", "/")) is HttpRequest
