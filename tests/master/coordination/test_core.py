"""The master's decisions as lists of instructions: nothing here sleeps or opens a socket."""

from fleet_model import (
    MS,
    CoreRun,
    S,
    batch_of,
    deliver,
    id_of,
    notes_text,
    only,
    orders_in,
    schedule_of,
    sent,
    three_levels,
)

from gradual_common.protocol.batch import Applied
from gradual_common.protocol.messages import SlotRun
from gradual_master.coordination.events import (
    CloseInterval,
    Tick,
)
from gradual_master.coordination.lifecycle import State
from gradual_master.results.facts import SlotsFinished


def test_only_agents_that_were_accepted_are_known() -> None:
    run = three_levels()
    run.greet("a", protocol=9)
    run.greet("b")
    assert [run.core.knows(id_of(name)) for name in "abc"] == [False, True, False]


def test_levels_are_refreshed_ahead_and_versions_rise() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    run.wait(20, "a", "b")
    versions = [message.orders.version for message in sent(run.instructions, 1) if message.orders]
    assert versions == sorted(set(versions))
    assert [level.number for level in orders_in(run.instructions, 1).levels] == [1, 2, -1]
    assert orders_in(run.instructions, 1).levels[-1].apply_at == start + 30 * S


def test_intervals_close_in_order_when_every_agent_has_delivered() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    deliver(run, "a", range(2), start)
    assert only(run.instructions, CloseInterval) == []
    deliver(run, "b", range(2), start)
    assert only(run.instructions, CloseInterval) == [CloseInterval(0), CloseInterval(1)]


def test_an_interval_waits_three_seconds_for_a_late_batch_which_is_then_counted() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    deliver(run, "a", range(1), start)
    run.wait(2.9, "a", "b")
    assert only(run.instructions, CloseInterval) == []
    run.wait(0.2, "a", "b")
    assert only(run.instructions, CloseInterval) == [CloseInterval(0)]
    run.send("b", batches=(batch_of(1, 0),))
    assert run.core.facts().late_batches == 1


def test_an_interval_waits_only_briefly_for_an_agent_without_a_connection() -> None:
    """So that who watches sees users missing within two seconds of a kill, and a broken connection changes nothing."""
    run = three_levels()
    start = run.to_running("a", "b")
    run.wait_until(start + 200 * MS, "a", "b")
    run.hang_up("b")
    deliver(run, "a", range(1), start)
    run.wait(0.45, "a")
    assert only(run.instructions, CloseInterval) == []
    run.wait(0.1, "a")
    assert only(run.instructions, CloseInterval) == [CloseInterval(0)]
    run.greet("b", 2, run="r1", epoch=1)
    run.send("a", batches=(batch_of(2, 1),))
    run.wait(1.0, "a", "b")
    assert only(run.instructions, CloseInterval) == [CloseInterval(0)], "it is connected again: there are three seconds"


def test_a_level_put_in_force_late_is_counted() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    run.now = start + S
    run.send("a", batches=(batch_of(1, 0, applied=(Applied(0, start, start + 20 * MS),)),))
    run.send("b", batches=(batch_of(1, 0, applied=(Applied(0, start, start + 80 * MS),)),))
    assert run.core.facts().late_levels == 1


def test_the_run_ends_when_every_agent_is_gone_and_none_comes_in_time() -> None:
    run = three_levels(agents_wait=5 * S)
    run.to_running("a", "b")
    run.wait(12)
    assert run.core.state is State.RUNNING
    assert "no agent is left: the run waits 5s" in notes_text(run)
    run.wait(5)
    assert run.core.state is State.FINISHED
    assert run.core.failure is not None
    assert run.core.failure.startswith("every agent is gone")


def test_a_stalled_master_moves_its_deadlines() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(5, "a", "b")
    run.now += 30 * S
    run.handle(Tick())
    assert "stood still for 30" in notes_text(run)
    assert "is silent" not in notes_text(run), "nobody could be heard"
    assert not any(agent.lost for agent in run.core.facts().agents)
    assert only(run.instructions, CloseInterval) == [CloseInterval(0)], "what came meanwhile is still unread"
    run.wait(9, "a", "b")
    assert not any(agent.lost for agent in run.core.facts().agents)


def test_the_run_ends_with_its_last_slot() -> None:
    run = CoreRun(schedule_of((4,), endless=True))
    run.to_running("a", "b")
    run.wait(3, "a", "b")
    run.send("a", finished=(SlotRun(0, 0, 2, 1, run.now - 2),))
    assert run.core.state is State.RUNNING
    orders = orders_in(run.send("b", finished=(SlotRun(0, 2, 2, 1, run.now - 1),)), 1)
    assert [level.number for level in orders.levels] == [0, -1]
    assert run.core.state is State.DRAINING
    assert run.core.facts().finished == (SlotsFinished(run.now - 2, 0, 2), SlotsFinished(run.now - 1, 0, 2))


def test_slots_that_are_never_raised_again_do_not_keep_the_run() -> None:
    run = CoreRun(schedule_of((4,), (2,), seconds=5, endless=True))
    run.to_running("a", "b")
    run.send("a", finished=(SlotRun(0, 0, 1, 1),))
    run.send("b", finished=(SlotRun(0, 1, 1, 1),))
    assert run.core.state is State.RUNNING
    run.wait(5.2, "a", "b")
    assert run.core.state is State.DRAINING


def test_a_level_of_zero_users_at_the_end_is_waited_out() -> None:
    run = CoreRun(schedule_of((4,), (0,), seconds=5))
    run.to_running("a", "b")
    run.wait(9, "a", "b")
    assert run.core.state is State.RUNNING


def test_batches_known_and_never_delivered_are_counted_as_dropped() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.greet("a", 2, run="r1", epoch=1, last_batch=4)
    assert run.core.facts().dropped_batches == 4
