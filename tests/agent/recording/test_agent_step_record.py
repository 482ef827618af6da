"""What a sample is counted as follows from how it ended."""

import pytest
from agent_recording import HEALTH, cells, counters, recorder, sample, times

from gradual_common.kinds.failures import BUILT_IN_KINDS, KINDS
from gradual_common.protocol.batch_checks import check_batch


def test_a_success_has_all_times_and_its_bytes() -> None:
    made, _ = recorder()
    made.steps[0].record(sample(1000))
    made.steps[0].record(sample(2000, connect=7))
    batch = made.seal(0, 0, HEALTH)
    check_batch(batch)
    assert times(batch, "response_time") == [(2, 200)]
    assert times(batch, "exchange") == [(2, 180)]
    assert times(batch, "ttfb") == [(2, 100)]
    assert times(batch, "connect") == [(1, 7)]
    assert batch.statuses.tolist() == [[0, 0, 0, 200, 2]]
    assert (counters(batch)["sent"], counters(batch)["bytes_sent"], counters(batch)["bytes_received"]) == (2, 20, 2000)


def test_status_codes_are_counted_apart_by_what_the_samples_came_to() -> None:
    made, _ = recorder()
    for kind, code in (("", 200), ("status", 404), ("status", 404), ("status", 503), ("extract", 200), ("connect", 0)):
        made.steps[0].record(sample(1000, kind, status_code=code))
    batch = made.seal(0, 0, HEALTH)
    check_batch(batch)
    rows = {(KINDS[kind], code): count for _, _, kind, code, count in batch.statuses.tolist()}
    assert rows == {("", 200): 1, ("status", 404): 2, ("status", 503): 1, ("extract", 200): 1}


@pytest.mark.parametrize("status_code", [0, 200])
def test_a_failure_of_any_kind_has_the_times_of_what_was_received(status_code: int) -> None:
    """A kind says whether there was a response, or leaves it to the sample: a body whose coding is broken is `protocol`
    over a whole response, an answer in no known language is one over none."""
    for kind, has_response in zip(KINDS[1:], BUILT_IN_KINDS.have_response[1:], strict=True):
        received = status_code != 0 if has_response is None else has_response
        made, _ = recorder()
        made.steps[0].record(sample(1000, kind, status_code=status_code))
        batch = made.seal(0, 0, HEALTH)
        check_batch(batch)
        assert cells(batch) == {(0, 0, kind): 1}
        assert bool(times(batch, "response_time")) is (received or kind == "timeout")
        assert bool(times(batch, "exchange")) is received
        assert bool(times(batch, "ttfb")) is received


def test_a_failure_that_opened_a_connection_has_its_connect_time() -> None:
    made, _ = recorder()
    made.steps[0].record(sample(1000, "reset", connect=5))
    assert times(made.seal(0, 0, HEALTH), "connect") == [(1, 5)]


def test_what_was_sent_is_taken_apart() -> None:
    made, _ = recorder()
    made.begun = 5
    step = made.steps[1]
    step.record(sample(1, messages=4, hops=2, resent=1))
    step.record(sample(2, "connect", messages=0, status_code=0))
    step.record(sample(3, "interrupted", messages=2, hops=1))
    step.record(sample(4, "interrupted", messages=0, status_code=0))
    step.record(sample(5, "timeout", messages=2, retried=1, status_code=0))
    step.record(sample(6, messages=7, hops=1, resent=1, auth_sent=2))
    step.record(sample(7, messages=0, status_code=0))
    step.skip(8)
    found = counters(made.seal(0, 0, HEALTH))
    assert found | {"bytes_sent": 0, "bytes_received": 0} == {
        "sent": 15,
        "unsent": 2,
        "interrupted": 1,
        "skipped": 1,
        "hops": 4,
        "retried": 1,
        "resent": 2,
        "further": 2,
        "bytes_sent": 0,
        "bytes_received": 0,
        "auth_sent": 2,
    }
    requests = 5
    assert found["sent"] == requests - 2 + 1 + 4 + 1 + 2 + 2 + 2
    assert made.begun == 4


def test_a_success_without_an_exchange_has_only_a_response_time_where_that_is_expected() -> None:
    made, _ = recorder()
    step = made.steps[0]
    step.expect_none()
    without = sample(10, messages=0, status_code=0)
    without.written, without.first_byte = 11, 10
    step.record(without)
    step.record(sample(20))
    batch = made.seal(0, 0, HEALTH)
    assert [count for count, _ in times(batch, "response_time")] == [2]
    assert [count for count, _ in times(batch, "exchange")] == [count for count, _ in times(batch, "ttfb")] == [1]


def test_assertions_are_counted_one_by_one_over_every_response_that_was_judged() -> None:
    made, _ = recorder()
    step = made.steps[0]
    step.assertion_count = 3
    for _ in range(5):
        step.record(sample(1))
    step.record(sample(2, "assertion:json", failed_assertions=0b101))
    step.record(sample(3, "status", failed_assertions=0b001))
    step.record(sample(4, "extract"))
    step.record(sample(5, "timeout"))
    assert made.seal(0, 0, HEALTH).assertions.tolist() == [[0, 0, 0, 6, 2], [0, 0, 1, 8, 0], [0, 0, 2, 7, 1]]


def test_a_step_that_was_only_skipped_is_counted() -> None:
    made, _ = recorder()
    made.steps[2].skip(1)
    batch = made.seal(0, 0, HEALTH)
    assert (counters(batch)["skipped"], len(batch.cells)) == (1, 0)
