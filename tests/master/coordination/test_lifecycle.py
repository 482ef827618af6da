"""The life of a run: the table, and what it does not allow."""

import pytest

from gradual_master.coordination.journal import Journal
from gradual_master.coordination.lifecycle import TABLE, LifeCycle, RunEvent, State
from gradual_master.errors import IllegalTransitionError

PATHS = [
    ("a run that ends by itself", ["gathered", "provisioned", "confirmed", "ended", "collected"]),
    ("a run that its plan ends", ["gathered", "provisioned", "confirmed", "aborted", "collected"]),
    (
        "a run with set-up and teardown",
        [
            *("gathered", "set up first", "set up", "provisioned", "confirmed", "ended", "torn down", "collected"),
        ],
    ),
    ("a set-up that fails", ["gathered", "set up first", "failed"]),
    ("a set-up that fails, and is torn down", ["gathered", "set up first", "torn down", "collected"]),
    ("stopped in the teardown", ["gathered", "provisioned", "confirmed", "stopped", "torn down", "stopped"]),
    ("a run that is stopped", ["gathered", "provisioned", "confirmed", "stopped", "collected"]),
    ("a run that is stopped twice", ["gathered", "provisioned", "confirmed", "stopped", "stopped", "collected"]),
    ("a run stopped three times", ["gathered", "provisioned", "confirmed", "stopped", "stopped", "stopped"]),
    ("a drain that is stopped", ["gathered", "provisioned", "confirmed", "ended", "stopped", "collected"]),
    ("stopped while agents gather", ["stopped"]),
    ("too few agents", ["failed"]),
    ("an agent lost while it stores its rows", ["gathered", "failed"]),
]


@pytest.mark.parametrize(("reason", "steps"), PATHS, ids=[reason for reason, _ in PATHS])
def test_every_path_of_a_run_ends_finished(reason: str, steps: list[str]) -> None:
    life = LifeCycle(Journal())
    for step in steps:
        assert not life.is_finished
        life.take(RunEvent(step), 0)
    assert life.is_finished


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", RunEvent)
def test_a_transition_that_the_table_lacks_names_state_and_event(state: State, step: RunEvent) -> None:
    life = LifeCycle(Journal())
    life.state = state
    if step in TABLE[state]:
        assert life.take(step, 0) is TABLE[state][step]
        return
    with pytest.raises(IllegalTransitionError, match=f"{state.value}.*{step.value}"):
        life.take(step, 0)
    assert life.state is state


def test_every_state_but_the_last_can_fail_and_be_stopped() -> None:
    for state in set(State) - {State.FINISHED}:
        assert TABLE[state][RunEvent.FAILED] is State.FINISHED
        assert RunEvent.STOPPED in TABLE[state]


def test_slots_are_assigned_in_every_state_but_waiting() -> None:
    life = LifeCycle(Journal())
    assert not life.has_assigned
    life.take(RunEvent.GATHERED, 0)
    assert life.has_assigned
    assert life.is_preparing
