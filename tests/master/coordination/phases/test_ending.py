"""How a run ends: last batches, stops, and for whom nothing waits."""

import pytest
from fleet_model import S, finish, orders_in, said_text, sent, three_levels

from gradual_master.coordination.events import (
    End,
    Stop,
)
from gradual_master.coordination.lifecycle import State


def test_the_run_ends_when_every_agent_has_sent_its_last_batch() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(30.2, "a", "b")
    assert run.core.state is State.DRAINING
    finish(run, "a")
    assert run.core.state is State.DRAINING
    finish(run, "b")
    assert run.core.state is State.FINISHED
    assert run.core.failure is None
    assert run.core.signal is None
    for stream in (1, 2):
        assert [message.ack for message in sent(run.said, stream)][-2] == 1
        assert sent(run.said, stream)[-1].finish is not None
    assert run.said[-1] == End()


def test_an_agent_whose_lease_ends_in_the_drain_is_waited_for_no_longer() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(30.2, "a", "b")
    finish(run, "a")
    run.wait(11.5)
    assert run.core.state is State.FINISHED
    assert [agent.lost for agent in run.core.facts().agents] == [False, True]
    assert run.core.failure is None


def test_an_agent_that_pings_for_ever_without_a_last_batch_does_not_keep_the_run() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(30.2, "a", "b")
    finish(run, "a")
    run.wait(2 * 2 + 11, "b")
    assert run.core.state is State.FINISHED
    assert "b is lost: its last batch did not come in time" in said_text(run)


def test_a_first_stop_orders_zero_users_now_and_a_second_without_grace() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(5, "a", "b")
    orders = orders_in(run.tell(Stop("interrupt")), 1)
    in_force, stop = orders.levels
    assert (in_force.number, in_force.users) == (0, (4,))
    assert (stop.apply_at, stop.number, stop.users) == (run.now, -1, (0,))
    assert orders.graceful_stop == 2 * S
    assert run.core.state is State.STOPPING
    assert "drain" in said_text(run)
    again = orders_in(run.tell(Stop("terminate")), 1)
    assert (again.graceful_stop, again.levels) == (0, orders.levels)
    assert again.version > orders.version
    assert run.core.state is State.CUTTING
    finish(run, "ab")
    assert run.core.state is State.FINISHED
    assert run.core.signal == "interrupt"


def test_a_third_stop_waits_for_nothing() -> None:
    run = three_levels()
    run.to_running("a", "b")
    for _ in range(3):
        said = run.tell(Stop("terminate"))
    assert said[-1] == End()
    assert run.core.signal == "terminate"
    assert run.tell(Stop("terminate")) == []


def test_after_a_cut_last_batches_are_awaited_for_three_seconds() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.tell(Stop("interrupt"))
    run.tell(Stop("interrupt"))
    run.wait(3.1, "a", "b")
    assert run.core.state is State.FINISHED


def test_a_stop_before_the_begin_takes_effect_at_the_begin() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    orders = orders_in(run.tell(Stop("interrupt")), 1)
    assert [level.apply_at for level in orders.levels] == [start]


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_stop_before_the_load_ends_the_run(steps: int) -> None:
    run = three_levels()
    for name in "ab"[:steps]:
        run.greet(name)
    said = run.tell(Stop("interrupt"))
    assert said[-1] == End()
    assert run.core.signal == "interrupt"
