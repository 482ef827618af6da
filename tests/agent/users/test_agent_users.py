"""Users by slot: started and stopped one at a time, in the order in which they came."""

import pytest
from agent_stage import MS, Reply, S, Stage

from gradual_agent.users.users import LATE_NS


def never(_: object) -> None:
    """The system does not answer."""


def test_users_of_several_groups_are_counted_as_active_and_stopping() -> None:
    stage = Stage([{"behavior": ["login"]}, {"behavior": ["browse"]}], script=lambda request: Reply(delay=5 * S))
    stage.start(group=0, ordinal=0)
    stage.start(group=0, ordinal=7)
    stage.start(group=1, ordinal=0)
    stage.run_until(S)
    stage.stop(20 * S, group=0, ordinal=7)
    assert (stage.active, stage.stopping, len(stage.users)) == (2, 1, 3)
    stage.run_until(6 * S)
    assert stage.ended == [(0, 7, 0, False)]
    assert (stage.active, stage.stopping, len(stage.users)) == (2, 0, 2)


def test_a_slot_is_free_when_its_end_is_told_and_takes_the_next_user() -> None:
    stage = Stage({"behavior": ["login"], "think_time": "10s"})
    stage.on_end = lambda end: stage.start(ordinal=end.slot[1], tenure=end.tenure + 1)
    stage.start()
    stage.run_until(S)
    stage.stop(31 * S)
    stage.run_until(S)
    assert stage.sent == [(0, "/login"), (1000, "/login")]
    assert (stage.active, len(stage.engine.clients)) == (1, 2)


def test_a_taken_slot_takes_no_second_user() -> None:
    stage = Stage({"behavior": ["login"]})
    stage.start()
    with pytest.raises(AssertionError, match="taken"):
        stage.start()


def test_a_slot_without_a_user_is_left_alone() -> None:
    stage = Stage({"behavior": ["login"]})
    stage.stop(S)
    stage.users.cut()
    assert stage.ended == []


def test_on_stop_has_as_long_again() -> None:
    stage = Stage({"behavior": ["login"], "on_stop": ["logout"]}, script=never)
    stage.start()
    stage.run_until(S)
    stage.stop(2 * S)
    stage.run_until(2999 * MS)
    assert stage.ended == []
    stage.run_until(3000 * MS)
    assert stage.ended == [(0, 0, 0, False)]


def test_empty_iterations_are_warned_of_once_for_each_group(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage({"behavior": [{"action": "login", "condition": "false"}]})
    stage.start(ordinal=0)
    stage.start(ordinal=1)
    stage.run_until(5 * S)
    assert capsys.readouterr().out.count("sent no request and did not wait") == 1


def queued(*ordinals: int) -> Stage:
    """Users that wait to be started; the system never answers."""
    stage = Stage({"behavior": [{"action": "see"}]}, {"see": {"url": "/{{ vu.slot }}"}}, script=never)
    for ordinal in ordinals:
        stage.users.start((0, ordinal), 1, due=0)
    return stage


def test_users_start_and_stop_in_the_order_in_which_they_came() -> None:
    stage = queued(5)
    stage.run_until(0)
    stage.users.stop((0, 5), 0, hands_over=False)
    stage.users.start((0, 3), 2, due=0)
    stage.users.start((0, 4), 2, due=0)
    assert stage.paths == ["/5"]
    stage.run_until(0)
    assert stage.ended == [(0, 5, 1, False)]
    assert stage.paths == ["/5", "/3", "/4"]


def test_others_have_their_turn_between_two_users() -> None:
    stage = queued(0, 1, 2)
    seen: list[list[str]] = []
    stage.timeline.at(0, lambda _: seen.append(stage.paths))
    stage.run_until(0)
    assert (seen, stage.paths) == ([["/0"]], ["/0", "/1", "/2"])


def test_a_user_that_is_stopped_before_its_turn_never_starts_and_has_ended() -> None:
    stage = queued(1, 2)
    stage.users.stop((0, 1), 50, hands_over=False)
    assert stage.ended == [(0, 1, 1, False)]
    stage.run_until(0)
    assert stage.paths == ["/2"]


def test_a_stop_that_comes_again_holds_with_its_new_deadline() -> None:
    stage = queued(1)
    stage.run_until(0)
    stage.users.stop((0, 1), 50 * MS, hands_over=False)
    stage.users.stop((0, 1), 20 * MS, hands_over=False)
    stage.run_until(20 * MS)
    assert stage.ended == [(0, 1, 1, False)]


def test_a_start_takes_the_place_of_a_stop_whose_user_has_ended_by_itself() -> None:
    stage = Stage({"behavior": ["login"], "iterations": 1})
    stage.start()
    stage.timeline.at(10 * MS, lambda _: stage.users.stop((0, 0), S, hands_over=False))
    stage.on_end = lambda end: stage.users.start((0, 0), 1, due=10 * MS)
    stage.run_until(10 * MS)
    assert stage.sent == [(0, "/login"), (10, "/login")]
    assert stage.stopping == 0


def test_a_cut_empties_the_queue_and_users_start_again_later() -> None:
    stage = queued(1)
    stage.users.cut()
    stage.run_until(0)
    assert (stage.paths, stage.ended) == ([], [])
    stage.start(1, tenure=2)
    assert stage.paths == ["/1"]


def test_who_waited_longer_than_the_clock_error_is_counted_as_late_once() -> None:
    stage = queued(0, 1, 2)

    def takes_long(_: object) -> None:
        stage.timeline.now += LATE_NS

    stage.engine.script = takes_long
    stage.run_until(10 * LATE_NS)
    assert stage.users.take_late_starts() == 1, "at 0, at the limit, and beyond it"
    assert stage.users.take_late_starts() == 0


def test_a_user_that_cannot_be_made_is_reported() -> None:
    stage = queued(0)
    errors: list[Exception] = []
    stage.users._on_error = errors.append
    stage.behaviours.clear()
    stage.run_until(0)
    assert [type(error) for error in errors] == [IndexError]
