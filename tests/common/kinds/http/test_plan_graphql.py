"""GraphQL in a plan: mistakes have their place, and operations name the steps."""

from pathlib import Path
from typing import Any

import pytest
from plan_samples import load, only_mistake, small

ACCOUNT = "query Account($id: ID!, $first: Int = 5) { account(id: $id) { name entries(first: $first) { amount } } }"
TWO = "query One { a } query Two { b }"


def asking(query: str = ACCOUNT, action: dict[str, Any] | None = None, **graphql: Any) -> dict[str, Any]:
    written = {"query": query, **({"variables": {"id": 7}} if query == ACCOUNT else {}), **graphql}
    return small(actions__post={"url": "/graphql", "graphql": written, **(action or {})})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"query": "{ a { b }"},
            "actions.post.graphql.query: this is not GraphQL: line 1, column 10: Expected Name, found <EOF>",
        ),
        (
            {"query": "{\n  a(id: {{ x }})\n}"},
            "line 2, column 10: Expected Name, found '{' (a query holds no template; give",
        ),
        ({"query": "fragment F on A { b }"}, "actions.post.graphql.query: there is no operation in it"),
        ({"query": TWO}, "actions.post.graphql.query: it has 2 operations (write operation: with one of One, Two)"),
        (
            {"query": TWO, "operation": "Tow"},
            "actions.post.graphql.operation: there is no operation 'Tow' in the query (there",
        ),
        ({"query": "subscription { a }"}, "actions.post.graphql.query: a subscription is a stream of responses"),
        (
            {"query": "query Q { a(id: $id) }", "variables": {}},
            "query: this is not GraphQL: line 1, column 1: Variable '$id' is not defined by operation 'Q'",
        ),
        ({"query": ""}, "actions.post.graphql.query: the text is empty"),
        ({"query": None}, "actions.post.graphql.query: text is expected; found nothing"),
        ({"variables": {}}, "actions.post.graphql: the variable $id needs a value (add it under variables: id: …)"),
        (
            {"variables": {"id": None}},
            "actions.post.graphql.variables.id: the variable $id needs a value (it cannot be null)",
        ),
        (
            {"variables": {"id": 1, "frist": 2}},
            "actions.post.graphql.variables.frist: the operation declares no variable",
        ),
        ({"variables": {"id": "{{ nobody }}"}}, "actions.post.graphql.variables.id: '{{ nobody }}' reads 'nobody'"),
        ({"allow_partials": True}, "actions.post.graphql.allow_partials: unknown key 'allow_partials' (did you mean"),
        ({"action": {"method": "GET"}}, "actions.post.method: graphql is sent by POST (leave method out)"),
        ({"action": {"body": "x"}}, "actions.post.body: body and graphql cannot be used together"),
    ],
)
def test_a_mistake_has_its_place(changes: dict[str, Any], message: str) -> None:
    assert message in only_mistake(asking(**changes))


def test_a_query_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "q.graphql").write_text("\ufeff" + ACCOUNT)
    assert load(asking({"file": "q.graphql"}, variables={"id": 7}), folder=tmp_path).plan.actions[
        "post"
    ].graphql.query == (ACCOUNT)


@pytest.mark.parametrize(
    ("query", "content", "message"),
    [
        ({"file": "q.graphql"}, None, "query.file: cannot read "),
        ({"file": "q.graphql"}, b"\xff", "q.graphql is not a GraphQL document: 'utf-8' codec"),
        ({"file": "q.graphql"}, b"{" * (1024 * 1024 + 1), "the file has more than 1 MiB, the limit for such a file"),
        ({"file": "q.graphql"}, b"{ a", "query: this is not GraphQL: line 1, column 4: Expected Name, found <EOF>"),
        ({"files": "q.graphql"}, b"", "query: "),
    ],
)
def test_a_file_that_is_no_query_is_reported(
    tmp_path: Path, query: dict[str, str], content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "q.graphql").write_bytes(content)
    assert message in only_mistake(asking(query), folder=tmp_path)


def test_what_looks_like_a_template_in_a_query_is_none() -> None:
    query = 'query Q { # {{ no }}\n a(text: "{{ no }} {% no %}") {# comment\n b } }'
    assert load(asking(query)).plan.actions["post"].graphql.query == query


def test_an_operation_is_posted_and_names_its_steps() -> None:
    plan = asking()
    plan["users"][1]["behavior"] = [
        "look",
        "post",
        {"repeat": 2, "steps": ["post", {"action": "post", "name": "mine"}]},
    ]
    plan["setup"] = ["post"]
    loaded = load(plan)
    assert loaded.plan.actions["post"].method == "POST"
    assert loaded.job.document["actions"]["post"]["graphql"]["operation"] == "Account"
    names = [step.name for step in loaded.plan.users[1].all_steps()]
    assert names == ["look", "Account", "repeat", "Account", "mine"]
    assert [step.name for step in loaded.plan.setup] == ["Account"]


def test_an_anonymous_operation_names_nothing() -> None:
    loaded = load(asking("{ a }"))
    assert [step.name for step in loaded.plan.users[1].all_steps()] == ["look", "post"]
    assert loaded.job.document["actions"]["post"]["graphql"] == {"query": "{ a }"}


def test_objectives_and_templates_know_the_operation_as_a_step() -> None:
    plan = asking()
    plan["thresholds"] = ["p95(step=Account) < 500ms"]
    load(plan)
    plan["thresholds"] = ["p95(Account) < 500ms"]
    assert "there is no action 'Account' (it is a step: step=Account)" in only_mistake(plan)
    plan = asking(action={"headers": {"X": "{{responses.post.status_code}}"}})
    plan["users"][1]["behavior"] = ["look", "post", "post"]
    assert "responses has no 'post' (there are: look, Account)" in only_mistake(plan)
