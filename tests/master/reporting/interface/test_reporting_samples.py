"""Single samples as reporters see them are what the agents sent, row by row, without those of a warm-up."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_run import S, aggregate_of, plan_of, schedule_of

from gradual_common.errors import WireError
from gradual_common.kinds.failures import KIND, KINDS
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.samples import SampleColumns
from gradual_master.reporting.interface.samples import Request, SampleBlock, SampleReceiver

INDEX = SeriesIndex.of(plan_of())
BEGIN = round(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()) * S
DTYPES = ("int64", "int64", "int32", "uint16", "uint8", "uint16")
PLACES = [("customer", "login"), ("customer", "browse"), ("guest", "rates")]

row = st.tuples(
    st.integers(0, 2**50),
    st.integers(0, 2**50),
    st.integers(0, 10**6),
    st.integers(0, 2),
    st.integers(0, len(KINDS) - 1),
    st.integers(0, 999),
)


def columns(rows: list[tuple[int, ...]], level: int = 0) -> SampleColumns:
    parts = list(zip(*rows, strict=True)) if rows else [()] * len(DTYPES)
    return SampleColumns(level, *(np.array(part, dtype=dtype) for part, dtype in zip(parts, DTYPES, strict=True)))


def desk(warm_up: int = -7) -> SampleReceiver:
    return SampleReceiver(INDEX, BEGIN, lambda level: level == warm_up)


def received(rows: list[tuple[int, ...]], level: int = 0) -> SampleBlock:
    block = desk().receive("agent-1", columns(rows, level))
    assert block is not None
    return block


@given(st.lists(row, min_size=1, max_size=10))
def test_requests_are_the_columns_row_by_row(rows: list[tuple[int, ...]]) -> None:
    block = received(rows)
    requests = list(block.requests())
    assert (len(block), block.agent) == (len(rows), "agent-1")
    assert len(requests) == len(rows)
    for request, (started, duration, slot, step, kind, status) in zip(requests, rows, strict=True):
        assert request.duration == duration / 10**9
        assert request.started_at == pytest.approx((BEGIN + started) / 10**9, abs=1e-6)
        assert (request.group, request.step) == PLACES[step]
        assert request.action == request.step
        assert (request.slot, request.status_code) == (slot, status)
        assert request.error == KINDS[kind]
        assert request.ok is (kind == 0)


def test_a_request_names_its_trace() -> None:
    rows = [(0, 1, 0, 0, 0, 200), (0, 1, 1, 0, 0, 200)]
    traces = np.array([0] * 15 + [171] + [0] * 16, dtype=np.uint8)
    block = desk().receive("a", replace(columns(rows), trace=traces))
    assert block is not None
    assert [request.trace_id for request in block.requests()] == [f"{171:032x}", ""]


def test_a_request_is_made_of_plain_values() -> None:
    """So that it can be written as JSON, and compared, without knowing of numpy."""
    (request,) = received([(1_500_000_000, 250_000_000, 4, 1, KIND["timeout"], 0)]).requests()
    assert request == Request(0.25, 0, "browse", "customer", "browse", 4, BEGIN / S + 1.5, "timeout", False, "", "")
    assert [type(value) for value in request] == [float, int, str, str, str, int, float, str, bool, str, str]
    assert datetime.fromtimestamp(request.started_at, UTC).isoformat() == "2026-01-02T03:04:06.500000+00:00"


def test_a_step_with_a_name_of_its_own_bears_it_beside_its_action() -> None:
    index = SeriesIndex.of(
        plan_of(
            users=[{"name": "g", "concurrency": 1, "behavior": [{"action": "rates", "name": "again"}]}],
        )
    )
    block = SampleReceiver(index, 0, lambda level: False).receive("a", columns([(0, 0, 0, 0, 0, 200)]))
    assert block is not None
    (request,) = block.requests()
    assert (request.action, request.step) == ("rates", "again")


def test_what_ends_in_a_warm_up_is_left_out_as_it_is_of_the_totals() -> None:
    schedule = schedule_of((1, 1), (1, 1), (1, 1), warm_up=1)
    aggregate = aggregate_of(plan_of(), schedule)
    made = SampleReceiver(aggregate.index, 0, aggregate.is_warm_up)
    one = [(0, 0, 0, 0, 0, 200)]
    received = {level: made.receive("a", columns(one, level)) is not None for level in (0, 1, 2, -1, 77)}
    assert received == {0: False, 1: True, 2: True, -1: True, 77: True}


def test_without_samples_there_is_no_block() -> None:
    assert desk().receive("a", columns([])) is None


def test_an_outcome_that_the_plan_does_not_have_is_refused() -> None:
    with pytest.raises(WireError, match=f"samples name outcome {len(KIND)}; the plan has {len(KIND)}"):
        desk().receive("a", columns([(0, 0, 0, 0, len(KIND), 0)]))


@pytest.mark.parametrize("level", [0, -7])
def test_a_step_that_the_plan_does_not_have_is_refused(level: int) -> None:
    with pytest.raises(WireError, match="samples name step 3; the plan has 3"):
        desk().receive("a", columns([(0, 0, 0, 2, 0, 0), (0, 0, 0, 3, 0, 0)], level))
