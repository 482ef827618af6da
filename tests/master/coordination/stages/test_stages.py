"""The stages of a run: agents, room, rows, confirmations and the start; last batches, stops, and awaited agents."""

import pytest
from fleet_model import (
    MS,
    CoreRun,
    S,
    finish,
    id_of,
    notes_text,
    only,
    orders_in,
    schedule_of,
    sent,
    slots_of,
    three_levels,
)

from gradual_common.protocol.messages import Confirm, Goodbye, Part, SlotRun
from gradual_master.coordination.events import (
    Abort,
    End,
    Provide,
    StartSchedule,
    Stop,
)
from gradual_master.coordination.lifecycle import State


def test_slots_are_assigned_when_the_expected_agents_are_here() -> None:
    run = three_levels()
    assert only(run.greet("b"), Provide) == []
    assert only(run.greet("a"), Provide) == [
        Provide(id_of("a"), (SlotRun(0, 0, 2, 1), SlotRun(0, 4, 1, 1), SlotRun(0, 6, 1, 1))),
        Provide(id_of("b"), (SlotRun(0, 2, 2, 1), SlotRun(0, 5, 1, 1), SlotRun(0, 7, 1, 1))),
    ]
    assert run.core.state is State.PROVISIONING


def test_an_assignment_is_in_the_journal_before_it_is_sent() -> None:
    run = three_levels()
    run.to_running("a", "b")
    assert run.assignments() == {id_of(name): slots_of(run.slots(name)) for name in "ab"}


def test_too_few_agents_end_the_run_saying_how_many_came() -> None:
    run = three_levels(expect_agents=3, agents_wait=2 * S)
    run.greet("a")
    instructions = run.wait(2)
    assert run.core.failure == "only 1 of 3 agents came within 2s"
    assert only(instructions, End)
    assert sent(instructions, 1)[-1].finish is not None


def test_a_plan_that_the_fleet_cannot_hold_is_refused_before_any_load() -> None:
    run = three_levels()
    run.greet("a", max_users=3)
    instructions = run.greet("b", max_users=2)
    assert run.core.failure is not None
    assert "holds 5 users" in run.core.failure
    assert "needs 8" in run.core.failure
    assert "3 are missing (a: 3, b: 2)" in run.core.failure
    assert "file descriptors" in run.core.failure
    assert only(instructions, Provide) == []
    assert run.core.state is State.FINISHED


def test_an_agent_that_a_changing_mix_would_overfill_is_named() -> None:
    run = CoreRun(schedule_of((3, 0), (0, 3), (2, 2)))
    run.greet("a", max_users=2)
    run.greet("b", max_users=2)
    assert run.core.failure is not None
    assert run.core.failure.startswith("agent a holds 2 users")


def test_an_agent_that_goes_away_while_others_are_awaited_does_not_count() -> None:
    run = three_levels()
    run.greet("a")
    run.hang_up("a")
    run.greet("b")
    assert run.core.state is State.WAITING
    run.greet("a", 2)
    assert run.core.state is State.PROVISIONING


def test_an_agent_that_is_started_again_before_the_load_takes_part_as_another_one() -> None:
    run = three_levels()
    run.greet("x", name="b")
    run.hang_up("x")
    run.greet("y", name="b")
    assert run.core.state is State.WAITING
    run.greet("z", name="b")
    assert run.core.state is State.PROVISIONING
    assert [agent.name for agent in run.core.facts().agents] == ["b#2", "b#3"]


def processes(command: bytes, count: int) -> list[dict[str, Part]]:
    return [{"part": Part(command.ljust(16), number, count)} for number in range(1, count + 1)]


def test_the_master_waits_for_all_processes_of_as_many_commands_as_expected() -> None:
    run = three_levels(expect_agents=2)
    one, other = processes(b"one", 3), processes(b"other", 2)
    for key, part in zip("abdec", [*one[:2], *other, one[2]], strict=True):
        assert run.core.state is State.WAITING
        run.greet(key, **part)
    assert run.core.state is State.PROVISIONING
    assert "agent d is here, process 1 of 2: 0 of 2" in notes_text(run)
    assert "agent e is here, process 2 of 2: 1 of 2" in notes_text(run)


def test_the_same_process_twice_does_not_stand_for_two_of_its_command() -> None:
    run = three_levels(expect_agents=1)
    first, second = processes(b"one", 2)
    run.greet("a", **first)
    run.greet("b", **first)
    assert run.core.state is State.WAITING
    run.greet("c", **second)
    assert run.core.state is State.PROVISIONING


def test_a_command_that_has_lost_a_process_is_not_complete_and_started_again_it_is() -> None:
    run = three_levels(expect_agents=1)
    run.greet("a", **processes(b"one", 2)[0])
    run.hang_up("a")
    run.greet("b", **processes(b"one", 2)[1])
    assert run.core.state is State.WAITING
    run.send("b", goodbye=Goodbye("asked to end"))
    for key, part in zip("cd", processes(b"again", 2), strict=True):
        run.greet(key, **part)
    assert run.core.state is State.PROVISIONING


def test_too_few_processes_of_a_command_are_reported_by_their_names() -> None:
    run = three_levels(expect_agents=2, agents_wait=2 * S)
    run.greet("a")
    for key, part in zip("bc", processes(b"one", 4), strict=False):
        run.greet(key, **part)
    run.wait(2)
    assert run.core.failure == ("only 1 of 2 agents came within 2s; only 2 of 4 processes of one came (b, c)")


def test_orders_follow_the_rows_and_the_schedule_follows_the_confirmations() -> None:
    run = three_levels()
    run.greet("a")
    run.greet("b")
    run.send("a", confirm=Confirm(0, 0, 1))
    assert run.core.state is State.PROVISIONING
    armed = orders_in(run.send("b", confirm=Confirm(0, 0, 1)), 1)
    assert (armed.version, armed.levels) == (1, ())
    run.send("a", confirm=Confirm(1, 1, 1))
    assert run.core.state is State.READYING
    instructions = run.send("b", confirm=Confirm(1, 1, 1))
    assert only(instructions, StartSchedule) == [StartSchedule(100 * MS)]
    orders = orders_in(instructions, 1)
    assert (orders.version, orders.start) == (2, 100 * MS)
    assert [(level.apply_at, level.number, level.users) for level in orders.levels] == [
        (100 * MS, 0, (4,)),
        (100 * MS + 10 * S, 1, (8,)),
    ]


def test_slow_confirmations_make_the_lead_longer() -> None:
    run = three_levels()
    run.greet("a")
    run.greet("b")
    for name in "ab":
        run.send(name, confirm=Confirm(0, 0, 1))
    run.now += 300 * MS
    for name in "ab":
        run.send(name, confirm=Confirm(1, 1, 1))
    assert only(run.instructions, StartSchedule) == [StartSchedule(900 * MS)]


def test_an_agent_that_never_confirms_ends_the_run() -> None:
    run = three_levels()
    run.greet("a")
    run.greet("b")
    run.send("a", confirm=Confirm(0, 0, 1))
    run.wait(61, "a", "b")
    assert run.core.failure is not None
    assert run.core.failure.startswith("b: has not stored the plan")


def test_an_agent_that_dials_again_while_orders_are_confirmed_gets_them_again() -> None:
    run = three_levels()
    run.greet("a")
    run.greet("b")
    for name in "ab":
        run.send(name, confirm=Confirm(0, 0, 1))
    run.send("b", confirm=Confirm(1, 1, 1))
    run.hang_up("a")
    run.greet("a", 2, run="r1", epoch=1)
    # It holds nothing: what it says of version 1 is of what it held before its lease ended, and says nothing of now.
    assert orders_in(run.ping("a"), run.streams["a"]).version == 2
    run.send("a", confirm=Confirm(1, 1, 1))
    assert run.core.state is State.READYING
    for name in "ab":
        run.send(name, confirm=Confirm(1, 2, 1))
    assert run.core.state is State.RUNNING


def test_an_agent_that_is_killed_between_assignment_and_load_and_started_again_ends_nothing() -> None:
    run = three_levels()
    run.greet("a")
    run.greet("b")
    run.hang_up("b")
    run.greet("c", name="b")
    for name in "ac":
        run.send(name, confirm=Confirm(0, 0, 1))
    run.wait(11.5, "a", "c")
    assert run.core.state is State.READYING
    run.send("a", confirm=Confirm(1, 1, 1))
    assert run.core.state is State.RUNNING
    run.wait(0.1, "a", "c")
    held = run.assignments()
    assert {name: len(held[id_of(name)]) for name in "ac"} == {"a": 4, "c": 4}
    assert [(agent.name, agent.lost) for agent in run.core.facts().agents] == [
        ("a", False),
        ("b", True),
        ("b#2", False),
    ]


def test_an_agent_lost_before_the_load_ends_the_run_at_once() -> None:
    run = three_levels()
    run.greet("a")
    run.greet("b")
    run.wait(12, "a")
    assert run.core.failure is not None
    assert "b was lost before the load began" in run.core.failure


def test_an_agent_that_is_asked_to_end_while_others_are_awaited_is_not_in_their_way() -> None:
    run = three_levels()
    run.greet("a")
    run.send("a", leaving=True)
    run.greet("b")
    assert run.core.state is State.PROVISIONING
    run.send("a", goodbye=Goodbye("asked to end"))
    assert run.core.failure is not None
    assert run.core.failure.startswith("agent a was lost before the load began: it ended (asked to end)")


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
        assert [message.ack for message in sent(run.instructions, stream)][-2] == 1
        assert sent(run.instructions, stream)[-1].finish is not None
    assert run.instructions[-1] == End()


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
    assert "b is lost: its last batch did not come in time" in notes_text(run)


def test_a_first_stop_orders_zero_users_now_and_a_second_without_grace() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(5, "a", "b")
    orders = orders_in(run.handle(Stop("interrupt")), 1)
    in_force, stop = orders.levels
    assert (in_force.number, in_force.users) == (0, (4,))
    assert (stop.apply_at, stop.number, stop.users) == (run.now, -1, (0,))
    assert orders.graceful_stop == 2 * S
    assert run.core.state is State.STOPPING
    assert "users finish (2s at most)" in notes_text(run)
    again = orders_in(run.handle(Stop("terminate")), 1)
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
        instructions = run.handle(Stop("terminate"))
    assert instructions[-1] == End()
    assert run.core.signal == "terminate"
    assert run.handle(Stop("terminate")) == []


def test_after_a_cut_last_batches_are_awaited_for_three_seconds() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.handle(Stop("interrupt"))
    run.handle(Stop("interrupt"))
    run.wait(3.1, "a", "b")
    assert run.core.state is State.FINISHED


def test_a_stop_before_the_start_takes_effect_at_the_start() -> None:
    run = three_levels()
    start = run.to_running("a", "b")
    orders = orders_in(run.handle(Stop("interrupt")), 1)
    assert [level.apply_at for level in orders.levels] == [start]


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_stop_before_the_load_ends_the_run(steps: int) -> None:
    run = three_levels()
    for name in "ab"[:steps]:
        run.greet(name)
    instructions = run.handle(Stop("interrupt"))
    assert instructions[-1] == End()
    assert run.core.signal == "interrupt"


def test_a_plan_that_ends_the_run_lets_users_finish_as_at_its_end() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(5, "a", "b")
    orders = orders_in(run.handle(Abort("stopped early: p95")), 1)
    assert [(level.apply_at, level.number) for level in orders.levels] == [(0 + run.start, 0), (run.now, -1)]
    assert orders.graceful_stop == 2 * S
    assert run.core.state is State.DRAINING
    assert "stopped early: p95; users finish (2s at most)" in notes_text(run)
    finish(run, "ab")
    assert run.core.state is State.FINISHED
    assert (run.core.aborted, run.core.signal, run.core.failure) == ("stopped early: p95", None, None)


def test_of_several_reasons_to_end_the_run_the_first_is_kept() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.send("a", abort="no rows")
    version = orders_in(run.instructions, 1).version
    run.send("a", abort="no rows")
    run.send("b", abort="another")
    run.handle(Abort("p95"))
    assert run.core.aborted == "stopped early: no rows (agent a)"
    assert orders_in(run.instructions, 1).version == version


def test_a_user_that_wants_the_end_of_a_run_that_ends_anyway_has_still_failed_it() -> None:
    run = three_levels()
    run.to_running("a", "b")
    run.wait(3, "a", "b")
    run.handle(Stop("interrupt"))
    run.send("a", abort="no rows")
    assert run.core.state is State.STOPPING
    assert run.core.aborted == "stopped early: no rows (agent a)"
    finish(run, "ab")
    run.handle(Abort("too late"))
    assert run.core.state is State.FINISHED


def test_before_the_load_there_is_nothing_to_end() -> None:
    run = three_levels()
    run.greet("a")
    run.send("a", abort="no rows")
    assert (run.core.state, run.core.aborted) == (State.WAITING, None)
