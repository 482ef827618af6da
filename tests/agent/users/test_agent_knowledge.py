"""What a user knows is made when it is needed, and forgotten when it should be."""

from typing import Any

import pytest
from agent_harness import MS, UserHarness

from gradual_agent.runtime.sample import Sample
from gradual_agent.users.knowledge import NO_RESPONSE, Knowledge, ResponseView, Vu, keep_response
from gradual_common.kinds.failures import KIND

EXTRACTING = {
    "login": {"url": "/login", "extract": {"token": "json: t"}},
    "find": {"url": "/find", "extract": {"found": "json: f", "row": "json: r", "token": "json: t"}},
    "browse": {"url": "/browse"},
}


def knowledge(group: dict[str, Any], **rows: dict[str, Any]) -> Knowledge:
    harness = UserHarness(group, EXTRACTING)
    return Knowledge(harness.behaviours[0], 1, 2, 3, rows)


def scope(known: Knowledge) -> dict[str, Any]:
    return known.scope(lambda: 0, {"KEY": "k"})


def test_a_scope_is_made_once_for_an_iteration_and_holds_rows_secrets_and_who_the_user_is() -> None:
    known = knowledge({"behavior": ["browse"]}, user={"name": "Ann"})
    assert not known.is_used
    made = scope(known)
    assert known.is_used
    assert made is scope(known)
    assert (made["user"], made["secrets"], made["response"]) == ({"name": "Ann"}, {"KEY": "k"}, NO_RESPONSE)
    assert [getattr(made["vu"], name) for name in Vu.__slots__] == ["g0", 2, 3, 0]


def test_a_group_without_anything_to_reset_keeps_its_scope_and_counts_iterations_in_it() -> None:
    known = knowledge({"behavior": ["browse"]})
    made = scope(known)
    known.iteration = 7
    known.begin_iteration()
    assert scope(known) is made
    assert made["vu"].iteration == 7


def test_variables_of_an_iteration_are_gone_in_the_next_and_those_of_on_start_stay() -> None:
    known = knowledge({"on_start": ["login"], "behavior": ["find"]}, row={"name": "Ann"})
    scope(known)["token"] = "t"
    known.keep_variables()
    scope(known).update(found="f", row="hidden", token="new")
    known.begin_iteration()
    made = scope(known)
    assert (made["token"], "found" in made, made["row"], made["responses"]) == ("t", False, {"name": "Ann"}, {})
    known.forget()
    assert "token" not in scope(known)


def test_the_stream_goes_on_when_a_user_is_replaced() -> None:
    known = knowledge({"behavior": ["browse"]})
    stream = known.random
    known.forget()
    assert known.random is stream


@pytest.mark.parametrize(
    ("kind", "status", "error"), [("", "success", ""), ("timeout", "error", "timeout"), ("status", "error", "status")]
)
def test_a_response_shows_how_its_step_ended(kind: str, status: str, error: str) -> None:
    sample = Sample()
    sample.reset(5 * MS)
    sample.kind, sample.status_code, sample.ended = KIND[kind], 201, 7 * MS
    made: dict[str, Any] = {"responses": {}}
    keep_response(made, "login", sample, error)
    view: ResponseView = made["response"]
    assert made["responses"] == {"login": view}
    assert (view.status, view.error, view.status_code, view.time_ms) == (status, error, 201, 2.0)
    assert (view.text, view.json, dict(view.headers)) == ("", None, {})
