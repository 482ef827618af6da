"""The worker seats users, tells them to end, and counts them."""

import pytest
from agent_stage import MS, Reply, S, Stage


def test_users_of_several_groups_are_counted_as_active_and_stopping() -> None:
    stage = Stage([{"behavior": ["login"]}, {"behavior": ["browse"]}], script=lambda request: Reply(delay=5 * S))
    stage.start(group=0, ordinal=0)
    stage.start(group=0, ordinal=7)
    stage.start(group=1, ordinal=0)
    stage.run_until(S)
    stage.stop(20 * S, group=0, ordinal=7)
    assert (stage.worker.active, stage.worker.stopping) == (2, 1)
    stage.run_until(6 * S)
    assert stage.ended == [(0, 7, 0, False)]
    assert (stage.worker.active, stage.worker.stopping) == (2, 0)


def test_a_seat_is_free_when_its_end_is_told_and_takes_the_next_user() -> None:
    stage = Stage({"behavior": ["login"], "think_time": "10s"})
    stage.worker.on_end = lambda group, ordinal, tenure, finished: stage.start(ordinal=ordinal, tenure=tenure + 1)
    stage.start()
    stage.run_until(S)
    stage.stop(31 * S)
    assert stage.sent == [(0, "/login"), (1000, "/login")]
    assert (stage.worker.active, len(stage.engine.clients)) == (1, 2)


def test_a_taken_seat_takes_no_second_user() -> None:
    stage = Stage({"behavior": ["login"]})
    stage.start()
    with pytest.raises(AssertionError, match="taken"):
        stage.start()


def test_a_seat_without_a_user_is_left_alone() -> None:
    stage = Stage({"behavior": ["login"]})
    stage.stop(S)
    stage.worker.cut()
    assert stage.ended == []


def test_on_stop_has_as_long_again_unless_it_is_told_otherwise() -> None:
    for told, ended in ((None, 3000), (2500 * MS, 2500)):
        stage = Stage({"behavior": ["login"], "on_stop": ["logout"]}, script=lambda request: None)
        stage.start()
        stage.run_until(S)
        stage.worker.stop(0, 0, 2 * S, told)
        stage.run_until((ended - 1) * MS)
        assert stage.ended == []
        stage.run_until(ended * MS)
        assert stage.ended == [(0, 0, 0, False)]


def test_empty_iterations_are_warned_of_once_for_each_group(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage({"behavior": [{"action": "login", "condition": "false"}]})
    stage.start(ordinal=0)
    stage.start(ordinal=1)
    stage.run_until(5 * S)
    assert capsys.readouterr().out.count("neither sent nor waited") == 1
