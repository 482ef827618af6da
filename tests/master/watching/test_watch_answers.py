"""What Prometheus answers."""

import json
from typing import Any

import pytest

from gradual_common.clock import NS_PER_S as S
from gradual_master.errors import WatchError
from gradual_master.watching.answers import read_range


def answer(*series: tuple[dict[str, str], list[Any]]) -> bytes:
    result = [{"metric": labels, "values": values} for labels, values in series]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()


def test_the_values_of_one_series_are_read_and_those_that_are_no_numbers_left_out() -> None:
    body = answer(({}, [[1435781430.781, "1"], [1435781445.781, "NaN"], [1435781460.781, "+Inf"], [1435781461, "2.5"]]))
    assert read_range(body) == ((1435781430781 * S // 1000, 1.0), (1435781461 * S, 2.5))


def test_no_series_is_no_value() -> None:
    assert read_range(answer()) == ()


def test_several_series_are_a_mistake_that_says_what_would_be_enough() -> None:
    body = answer(
        ({"job": "bank", "instance": "a:1"}, [[1, "1"]]),
        ({"job": "bank", "instance": "b:1"}, [[1, "1"]]),
    )
    with pytest.raises(WatchError, match=r'gives 2 series.*sum\(…\).*\{instance="a:1"\}'):
        read_range(body)


def test_of_very_many_series_all_are_counted_and_few_compared() -> None:
    # The label that differs is first seen in the 101st series.
    labels = [{"job": "a"}] * 100 + [{"job": "b"}]
    with pytest.raises(WatchError, match=r"gives 101 series.*around it$"):
        read_range(answer(*((each, [[1, "1"]]) for each in labels)))


def test_a_query_whose_values_are_no_numbers_says_which_value_it_has() -> None:
    with pytest.raises(WatchError, match="the value of the query is nan"):
        read_range(answer(({}, [[1, "NaN"], [2, "NaN"]])))


def test_an_instant_beyond_all_numbers_is_no_answer_of_prometheus() -> None:
    with pytest.raises(WatchError, match="is the address right"):
        read_range(b'{"status":"success","data":{"result":[{"metric":{},"values":[[1e308,"1"]]}]}}')


def test_an_error_of_the_server_is_quoted() -> None:
    body = b'{"status":"error","errorType":"bad_data","error":"1:5: parse error: unclosed left parenthesis"}'
    with pytest.raises(WatchError, match="Prometheus says: 1:5: parse error"):
        read_range(body)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"status":"success"}', b'{"status":"success","data":[]}'])
def test_another_answer_is_said_to_be_none_of_prometheus(body: bytes) -> None:
    with pytest.raises(WatchError, match="is the address right"):
        read_range(body)
