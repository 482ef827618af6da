"""Users by slot: started and stopped one at a time, in the order in which they came."""

import pytest
from agent_harness import MS, Reply, S, UserHarness

from gradual_agent.users.users import LATE_NS


def never(_: object) -> None:
    """The system does not answer."""


def test_users_of_several_groups_are_counted_as_active_and_stopping() -> None:
    harness = UserHarness(
        [{"behavior": ["login"]}, {"behavior": ["browse"]}], script=lambda request: Reply(delay=5 * S)
    )
    harness.start(group=0, ordinal=0)
    harness.start(group=0, ordinal=7)
    harness.start(group=1, ordinal=0)
    harness.run_until(S)
    harness.stop(20 * S, group=0, ordinal=7)
    assert (harness.active, harness.stopping, len(harness.users)) == (2, 1, 3)
    harness.run_until(6 * S)
    assert harness.ended == [(0, 7, 0, False)]
    assert (harness.active, harness.stopping, len(harness.users)) == (2, 0, 2)


def test_a_slot_is_free_when_its_end_is_reported_and_takes_the_next_user() -> None:
    harness = UserHarness({"behavior": ["login"], "think_time": "10s"})
    harness.on_end = lambda end: harness.start(ordinal=end.slot[1], tenure=end.tenure + 1)
    harness.start()
    harness.run_until(S)
    harness.stop(31 * S)
    harness.run_until(S)
    assert harness.sent == [(0, "/login"), (1000, "/login")]
    assert (harness.active, len(harness.engine.clients)) == (1, 2)


def test_a_taken_slot_takes_no_second_user() -> None:
    harness = UserHarness({"behavior": ["login"]})
    harness.start()
    with pytest.raises(AssertionError, match="taken"):
        harness.start()


def test_a_slot_without_a_user_is_left_alone() -> None:
    harness = UserHarness({"behavior": ["login"]})
    harness.stop(S)
    harness.users.cut()
    assert harness.ended == []


def test_on_stop_has_as_long_again() -> None:
    harness = UserHarness({"behavior": ["login"], "on_stop": ["logout"]}, script=never)
    harness.start()
    harness.run_until(S)
    harness.stop(2 * S)
    harness.run_until(2999 * MS)
    assert harness.ended == []
    harness.run_until(3000 * MS)
    assert harness.ended == [(0, 0, 0, False)]


def test_empty_iterations_are_warned_of_once_for_each_group(capsys: pytest.CaptureFixture[str]) -> None:
    harness = UserHarness({"behavior": [{"action": "login", "condition": "false"}]})
    harness.start(ordinal=0)
    harness.start(ordinal=1)
    harness.run_until(5 * S)
    assert capsys.readouterr().out.count("sent no request and did not wait") == 1


def queued(*ordinals: int) -> UserHarness:
    """Users that wait to be started; the system never answers."""
    harness = UserHarness({"behavior": [{"action": "see"}]}, {"see": {"url": "/{{ vu.slot }}"}}, script=never)
    for ordinal in ordinals:
        harness.users.start((0, ordinal), 1, due=0)
    return harness


def test_users_start_and_stop_in_the_order_in_which_they_came() -> None:
    harness = queued(5)
    harness.run_until(0)
    harness.users.stop((0, 5), 0, hands_over=False)
    harness.users.start((0, 3), 2, due=0)
    harness.users.start((0, 4), 2, due=0)
    assert harness.paths == ["/5"]
    harness.run_until(0)
    assert harness.ended == [(0, 5, 1, False)]
    assert harness.paths == ["/5", "/3", "/4"]


def test_others_have_their_turn_between_two_users() -> None:
    harness = queued(0, 1, 2)
    seen: list[list[str]] = []
    harness.timeline.at(0, lambda _: seen.append(harness.paths))
    harness.run_until(0)
    assert (seen, harness.paths) == ([["/0"]], ["/0", "/1", "/2"])


def test_a_user_that_is_stopped_before_its_turn_never_starts_and_has_ended() -> None:
    harness = queued(1, 2)
    harness.users.stop((0, 1), 50, hands_over=False)
    assert harness.ended == [(0, 1, 1, False)]
    harness.run_until(0)
    assert harness.paths == ["/2"]


def test_a_stop_that_comes_again_holds_with_its_new_deadline() -> None:
    harness = queued(1)
    harness.run_until(0)
    harness.users.stop((0, 1), 50 * MS, hands_over=False)
    harness.users.stop((0, 1), 20 * MS, hands_over=False)
    harness.run_until(20 * MS)
    assert harness.ended == [(0, 1, 1, False)]


def test_a_start_takes_the_place_of_a_stop_whose_user_has_ended_by_itself() -> None:
    harness = UserHarness({"behavior": ["login"], "iterations": 1})
    harness.start()
    harness.timeline.at(10 * MS, lambda _: harness.users.stop((0, 0), S, hands_over=False))
    harness.on_end = lambda end: harness.users.start((0, 0), 1, due=10 * MS)
    harness.run_until(10 * MS)
    assert harness.sent == [(0, "/login"), (10, "/login")]
    assert harness.stopping == 0


def test_a_cut_empties_the_queue_and_users_start_again_later() -> None:
    harness = queued(1)
    harness.users.cut()
    harness.run_until(0)
    assert (harness.paths, harness.ended) == ([], [])
    harness.start(1, tenure=2)
    assert harness.paths == ["/1"]


def test_a_user_that_waited_longer_than_the_clock_error_is_counted_as_late_once() -> None:
    harness = queued(0, 1, 2)

    def takes_long(_: object) -> None:
        harness.timeline.now += LATE_NS

    harness.engine.script = takes_long
    harness.run_until(10 * LATE_NS)
    assert harness.users.take_late_starts() == 1, "at 0, at the limit, and beyond it"
    assert harness.users.take_late_starts() == 0


def test_a_user_that_cannot_be_made_is_reported() -> None:
    harness = queued(0)
    errors: list[Exception] = []
    harness.users._on_error = errors.append
    harness.behaviours.clear()
    harness.run_until(0)
    assert [type(error) for error in errors] == [IndexError]
