"""The setting `network`: notation, and what a line adds to the times of an exchange."""

import pytest
from plan_samples import load, only_mistake, small

from gradual_common.net.line import Line, read_bit_rate

MS = 1_000_000


def line(**settings: object) -> Line:
    return Line.model_validate(settings)


def test_a_bandwidth_is_bits_per_second() -> None:
    rates = {"10mbit": 10_000_000, "1.5 mbit": 1_500_000, "64kbit": 64_000, "1gbit": 1_000_000_000}
    assert {text: read_bit_rate(text) for text in rates} == rates


def test_latency_is_divided_between_both_ways() -> None:
    even, odd = line(latency="51ms"), line(latency="3ns")
    assert (even.up_time(10_000), even.down_time(10_000)) == (0, 0)
    assert even.half_out + even.half_back == 51 * MS
    assert (odd.half_out, odd.half_back) == (1, 2)


def test_bytes_take_their_time() -> None:
    slow = line(bandwidth={"up": "8kbit", "down": "80kbit"})
    assert (slow.up_time(1000), slow.down_time(1000)) == (1000 * MS, 100 * MS)
    assert line(latency="1ms", bandwidth={"up": "8kbit"}).down_time(10_000) == 0


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({}, "config.network: network says neither latency nor bandwidth; write {latency: 50ms}"),
        ({"latency": 50}, "config.network.latency: 50 is not a duration; write it with a unit"),
        ({"bandwidth": {"down": "1MB/s"}}, "config.network.bandwidth.down: '1MB/s' is not a bandwidth; write bits per"),
        ({"bandwidth": {"down": "10Mbit"}}, "config.network.bandwidth.down: '10Mbit' is not a bandwidth"),
        ({"bandwidth": {"up": 10_000}}, "config.network.bandwidth.up: 10000 is not a bandwidth"),
        ({"bandwidth": {"up": "0kbit"}}, "config.network.bandwidth.up: '0kbit' must be above 0"),
        ({"bandwidth": {"upp": "1kbit"}}, "config.network.bandwidth.upp: unknown key 'upp' (did you mean 'up'?"),
        ({"jitter": "5ms"}, "config.network.jitter: unknown key 'jitter'"),
        ({"down": "1mbit"}, "config.network.down: unknown key 'down' (it belongs in network.bandwidth"),
    ],
)
def test_mistakes_have_their_place(written: object, message: str) -> None:
    assert message in only_mistake(small(config__network=written))


def test_an_action_may_have_no_line() -> None:
    plan = load(small(config__network={"latency": "5ms"}, actions__look__network=None)).plan
    assert plan.config.way.line == line(latency="5ms")
    assert plan.actions["look"].way.line is None  # type: ignore[attr-defined]
