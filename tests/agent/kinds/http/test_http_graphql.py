"""GraphQL: what is sent, and which answers are failures."""

import json
from typing import Any

import pytest

from gradual_agent.http.response import Headers, Response
from gradual_agent.kinds.http.engine import assertions_of
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_agent.runtime.sample import Sample
from gradual_common.kinds.causes import label_of
from gradual_common.kinds.content import Content
from gradual_common.kinds.failures import KINDS
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.plan.model.plan import Config

QUERY = 'query Q($id: ID!) { # {{ no }}\n a(id: $id, text: "{% no %}") {# no\n b } }'

CONFIG = Config.model_validate({"base_url": "http://bank"})


def spec(**graphql: Any) -> HttpActionSpec:
    assertions = graphql.pop("assertions", [])
    return HttpActionSpec.model_validate(
        {"url": "/graphql", "graphql": {"query": QUERY, **graphql}, "assertions": assertions}
    )


def test_the_query_is_sent_as_it_is_and_variables_are_templates() -> None:
    template = RequestTemplate(CONFIG, spec(operation="Q", variables={"id": "{{ id }}", "n": 1}))
    assert template._prepared is not None
    for value in (7, "a", 'é"', [1]):
        request = template.build({"id": value})
        assert json.loads(bytes(request.body)) == {
            "query": QUERY,
            "operationName": "Q",
            "variables": {"id": value, "n": 1},
        }
        assert (request.method, dict(request.fields)["Content-Type"]) == ("POST", "application/json")


def test_one_without_templates_is_static() -> None:
    template = RequestTemplate(CONFIG, spec())
    assert template.is_static
    assert json.loads(bytes(template.build({}).body)) == {"query": QUERY}


def test_the_accept_of_the_plan_stays() -> None:
    config = Config.model_validate({"base_url": "http://bank", "headers": {"accept": "application/json"}})
    accepted = [dict(RequestTemplate(each, spec()).build({}).fields) for each in (config, CONFIG)]
    assert accepted[0]["accept"] == "application/json"
    assert "Accept" not in accepted[0]
    assert accepted[1]["Accept"] == "application/graphql-response+json, application/json;q=0.9"


def judged(
    body: str, status: int = 200, content_type: str = "application/json", **graphql: Any
) -> tuple[str, str, int]:
    """The kind of failure, its detail, and the assertions that failed."""
    sample = Sample()
    sample.reset(0)
    sample.status_code = status
    assertions = assertions_of(spec(**graphql))
    assert assertions.wants_body
    assert not assertions.is_plain
    assertions.judge(
        sample, Content(Response(status, Headers([(b"Content-Type", content_type.encode())]), body.encode())), {}
    )
    return KINDS[sample.kind], sample.explain(lambda text: text.replace("secret", "***")), sample.failed_assertions


FAILED = '{"errors": [{"message": "no account secret"}, {"message": "other"}]}'
PARTIAL = FAILED.replace("{", '{"data": {"a": 1}, ', 1)
NO_ANSWER = "the body is not a GraphQL response: it is no mapping with data or errors"


@pytest.mark.parametrize(
    ("body", "kind", "detail"),
    [
        ('{"data": {"a": 1}}', "", ""),
        ('{"data": {"a": 1}, "errors": null}', "", ""),
        ('{"data": {"a": 1}, "errors": []}', "", ""),
        (PARTIAL, "graphql", "no account *** (and 1 more)"),
        ('{"errors": [{"message": "wrong"}]}', "graphql", "wrong"),
        ('{"errors": ["wrong"]}', "graphql", "wrong"),
        (r'{"errors": ["\u001b[31mwrong"]}', "graphql", r"\x1b[31mwrong"),
        ('{"errors": "wrong"}', "graphql", "wrong"),
        ('{"errors": [{}]}', "graphql", "an error without a message"),
        ("{}", "graphql", NO_ANSWER),
        ('{"errors": []}', "graphql", NO_ANSWER),
        ('{"errors": null}', "graphql", NO_ANSWER),
        ("[]", "graphql", NO_ANSWER),
        ("<html>", "graphql", NO_ANSWER),
    ],
)
def test_errors_in_a_200_are_failures(body: str, kind: str, detail: str) -> None:
    assert judged(body) == (kind, detail, 0)


def test_partial_data_is_a_success_where_it_is_allowed() -> None:
    assert judged(PARTIAL, allow_partial=True)[0] == ""
    assert judged(FAILED.replace("{", '{"data": null, ', 1), allow_partial=True)[0] == "graphql"
    assert judged(FAILED, allow_partial=True)[0] == "graphql"


def test_errors_say_more_than_an_assertion_that_fails_because_of_them() -> None:
    assertions = [{"json": "data.a == `1`"}]
    assert judged(FAILED, assertions=assertions)[::2] == ("graphql", 1)
    assert judged('{"data": {"a": 2}}', assertions=assertions)[0] == "assertion:json"


def test_a_wrong_status_says_more_than_the_body() -> None:
    assert judged(FAILED, 500)[0] == "status"
    assert judged("<html>", 404, assertions=[{"status_code": 200}])[0] == "assertion:status_code"
    assert judged(FAILED, 400, assertions=[{"status_code": 400}])[0] == "graphql"


def test_the_errors_of_a_response_of_its_own_type_say_more_than_its_status() -> None:
    own = "application/graphql-response+json; charset=utf-8"
    assert judged(FAILED, 400, own)[:2] == ("graphql", "no account *** (and 1 more)")
    assert judged(FAILED, 422, own, assertions=[{"status_code": 200}]) == ("graphql", "no account *** (and 1 more)", 1)
    assert judged('{"data": {"a": 1}}', 500, own)[0] == "status"
    assert judged("<html>", 500, own)[0] == "status"


def test_the_first_message_is_the_label() -> None:
    assert label_of("graphql", "no account (and 1 more)") == "GraphQL: no account"
    assert label_of("graphql", "two\nlines " + "x" * 100) == "GraphQL: two\nlines " + "x" * 50
    assert label_of("graphql", NO_ANSWER) == "no GraphQL response in the body"
    assert label_of("graphql") == "GraphQL errors"
