"""Who shares a line gets its bandwidth together, and not each of them; to the nanosecond, without a clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.http.connecting.line_use import LineUse, LineWay
from gradual_common.clock import NS_PER_MS as MS
from gradual_common.net.line import Line

SLOW = Line.model_validate({"latency": "100ms", "bandwidth": {"up": "8kbit", "down": "80kbit"}})
"""A byte takes 1 ms towards the system, and 0.1 ms towards the user."""


def test_one_after_another_is_as_alone() -> None:
    use = LineUse(SLOW)
    assert use.send("a", 0, 100) == 150 * MS
    assert use.receive("a", 200 * MS, 200 * MS, 1000) == 350 * MS
    use.end("a")
    assert use.send("a", 350 * MS, 100) == 500 * MS


def test_a_response_that_the_system_sends_slower_than_the_line_is_not_delayed() -> None:
    use = LineUse(SLOW)
    use.send("a", 0, 0)
    assert use.receive("a", 0, 70 * MS, 1000) == 150 * MS, "bytes that came earlier were on the line earlier"
    assert use.receive("b", 200 * MS, 330 * MS, 1000) == 380 * MS


def test_requests_at_the_same_time_pass_one_after_the_other() -> None:
    use = LineUse(SLOW)
    assert [use.send(owner, 0, 100) for owner in "abc"] == [150 * MS, 250 * MS, 350 * MS]
    assert use.send("d", 320 * MS, 10) == 380 * MS, "the line is free again"


def test_responses_at_the_same_time_share_the_bandwidth() -> None:
    use = LineUse(SLOW)
    for owner in "ab":
        use.send(owner, 0, 0)
    assert use.receive("a", 60 * MS, 60 * MS, 1000) == 210 * MS
    assert use.receive("b", 60 * MS, 60 * MS, 1000) == 310 * MS


def test_a_long_response_gets_what_shorter_ones_leave() -> None:
    use = LineUse(SLOW)
    for owner in "ab":
        use.send(owner, 0, 0)
    assert use.receive("short", 50 * MS, 50 * MS, 100) == 110 * MS
    assert use.receive("long", 0, 100 * MS, 1000) == 160 * MS, "100 ms of its own, and 10 ms of the other"


def test_the_ways_do_not_disturb_each_other() -> None:
    use = LineUse(SLOW)
    use.send("a", 0, 1000)
    assert use.receive("b", 0, 0, 100) == 60 * MS


def test_what_is_cut_off_frees_the_line() -> None:
    use = LineUse(SLOW)
    use.send("a", 0, 1000)
    use.cut("a", 30 * MS)
    assert use.send("b", 40 * MS, 10) == 100 * MS
    use.receive("b", 100 * MS, 100 * MS, 5000)
    use.cut("b", 110 * MS)
    assert use.receive("c", 100 * MS, 100 * MS, 100) == 170 * MS


def test_what_has_passed_is_forgotten_when_nothing_can_begin_before_it() -> None:
    use = LineUse(SLOW)
    for turn in range(100):
        use.send("a", turn * 1000 * MS, 100)
        use.receive("a", turn * 1000 * MS + 200 * MS, turn * 1000 * MS + 200 * MS, 100)
        use.end("a")
    assert (len(use._up._taken), len(use._down._taken)) == (1, 1)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=12))
def test_no_time_is_given_twice_and_none_is_wasted(transfers: list[tuple[int, int]]) -> None:
    way = LineWay()
    for owner, (begin, duration) in enumerate(transfers):
        busy = {instant for start, end, _ in way._taken for instant in range(start, end)}
        free = (instant for instant in range(begin, 10_000) if instant not in busy)
        expected = [next(free) for _ in range(duration)]
        assert way.carry(begin, duration, owner) == (expected[-1] + 1 if expected else begin)
        now_busy = [instant for start, end, _ in way._taken for instant in range(start, end)]
        assert sorted(now_busy) == sorted(busy | set(expected))
