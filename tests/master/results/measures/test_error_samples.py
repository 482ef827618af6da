"""Of the failures of a fleet the first ones and some by chance are shown, each once, and can be tried again by hand."""

import dataclasses
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_run import S, plan_of
from summary_schema import ERROR_SAMPLES, violations

from gradual_common.errors import WireError
from gradual_common.kinds.failures import KIND
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.samples import FIRST_SHOWN, RANDOM_SHOWN, Exemplar
from gradual_master.results.measures.error_samples import MAX_CANDIDATES, ErrorSamples

INDEX = SeriesIndex.of(plan_of())
SENT = {
    "method": "POST",
    "url": "http://bank.example/login?a=1",
    "headers": [["Host", "bank.example"], ["Accept", "*/*"]],
    "body": "{}",
    "body_bytes": 2,
}


def exemplar(number: int, key: float, ended: int, step: int = 0, kind: str = "status", **document: Any) -> Exemplar:
    shown = {"detail": f"no. {number}", "request": None, "response": None, **document}
    return Exemplar(step, KIND[kind], number, key, ended, 7, shown)


def shown(described: list[tuple[str, Exemplar]]) -> list[tuple[str, str, str]]:
    samples = ErrorSamples(INDEX)
    for agent, one in described:
        samples.add(agent, one)
    return [(row.picked, row.agent, row.detail) for row in samples.rows(0)]


def chosen_of_all(described: list[tuple[str, Exemplar]]) -> list[tuple[str, str, str]]:
    """What is to be shown, by the definition: everything is kept, and looked at once."""
    by_time = sorted(described, key=lambda one: (one[1].ended, one[1].key))
    first, others = by_time[:FIRST_SHOWN], by_time[FIRST_SHOWN:]
    limit = sorted(one.key for _, one in others)[:RANDOM_SHOWN]
    random = [(agent, one) for agent, one in others if one.key in limit]
    return [
        (picked, agent, str(one.document["detail"]))
        for picked, ones in (("first", first), ("random", random))
        for agent, one in ones
    ]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=80), st.randoms(use_true_random=False))
def test_what_is_kept_never_lacks_what_is_to_be_shown(ends: list[tuple[str, int]], random: Random) -> None:
    """Keys are all different, instants need not be; the order in which agents describe them does not matter."""
    keys = [place / 100 for place in range(len(ends))]
    random.shuffle(keys)
    described = [
        (agent, exemplar(number, key, ended))
        for number, ((agent, ended), key) in enumerate(zip(ends, keys, strict=True))
    ]
    assert shown(described) == chosen_of_all(described)


@given(st.lists(st.tuples(st.floats(0, 0.99), st.integers(0, 9)), max_size=60))
def test_no_exchange_is_shown_twice_and_candidates_are_bounded(ones: list[tuple[float, int]]) -> None:
    samples = ErrorSamples(INDEX)
    for number, (key, ended) in enumerate(ones):
        samples.add("a", exemplar(number, key, ended))
        assert len(samples._candidates[0, KIND["status"], 0]) <= MAX_CANDIDATES
    details = [row.detail for row in samples.rows(0)]
    assert len(details) == len(set(details)) == min(len(ones), FIRST_SHOWN + RANDOM_SHOWN)


def test_the_first_are_those_that_ended_first_from_any_agent() -> None:
    described = [
        (agent, exemplar(10 * place + number, 0.9 - number / 10, 100 * number + place))
        for place, agent in enumerate(("b", "a"))
        for number in range(3)
    ]
    assert shown(described)[:FIRST_SHOWN] == [
        ("first", "b", "no. 0"),
        ("first", "a", "no. 10"),
        ("first", "b", "no. 1"),
    ]


def test_steps_and_kinds_are_apart_in_the_order_of_the_plan() -> None:
    samples = ErrorSamples(INDEX)
    for number, (step, kind) in enumerate([(2, "status"), (0, "timeout"), (0, "status"), (1, "reset")]):
        samples.add("a", exemplar(number, 0.5, 0, step, kind))
    rows = [(row.group, row.step, row.action, row.kind) for row in samples.rows(0)]
    order = sorted([(0, KIND["status"], "login"), (0, KIND["timeout"], "login"), (1, KIND["reset"], "browse")])
    kinds = {number: name for name, number in KIND.items()}
    assert rows == [
        *(("customer", name, name, kinds[kind]) for _, kind, name in order),
        ("guest", "rates", "rates", "status"),
    ]


def test_a_failure_that_the_plan_does_not_have_is_refused() -> None:
    one = dataclasses.replace(exemplar(0, 0.5, 0), kind=len(KIND))
    with pytest.raises(WireError, match=f"an exchange names failure {len(KIND)}; the plan has {len(KIND) - 1}"):
        ErrorSamples(INDEX).add("a", one)


def test_a_step_that_the_plan_does_not_have_is_refused() -> None:
    with pytest.raises(WireError, match="an exchange names step 3; the plan has 3"):
        ErrorSamples(INDEX).add("a", exemplar(0, 0.5, 0, step=3))


def test_a_row_names_the_trace_of_its_request() -> None:
    samples = ErrorSamples(INDEX)
    header = ["Traceparent", f"00-{7:032x}-{1:016x}-01"]
    samples.add("agent-1", exemplar(0, 0.5, 9 * S, request={**SENT, "headers": [*SENT["headers"], header]}))
    assert samples.rows(0)[0].trace_id == f"{7:032x}"


def test_a_row_is_plain_json_with_the_keys_of_the_contract() -> None:
    samples = ErrorSamples(INDEX)
    answered = {"status_code": 500, "headers": [["a", "b"]], "body": "why", "body_bytes": 3}
    samples.add("agent-1", exemplar(0, 0.5, 9 * S + 1_234_567, request=SENT, response=answered))
    (row,) = samples.rows(7 * S)
    document = row.to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document == {
        "group": "customer",
        "step": "login",
        "action": "login",
        "service": None,
        "kind": "status",
        "picked": "first",
        "at_s": 2.001,
        "agent": "agent-1",
        "slot": 7,
        "detail": "no. 0",
        "request": SENT,
        "response": answered,
        "curl": "curl -g -i -X POST 'http://bank.example/login?a=1' -H 'Accept: */*' --data-raw '{}'",
        "trace_id": None,
    }
    assert violations([document], ERROR_SAMPLES) == []


def test_what_was_never_sent_has_no_command() -> None:
    samples = ErrorSamples(INDEX)
    samples.add("a", exemplar(0, 0.5, 0, kind="template"))
    (row,) = samples.rows(0)
    assert (row.request, row.response, row.curl) == (None, None, None)
    assert violations([row.to_dict()], ERROR_SAMPLES) == []
