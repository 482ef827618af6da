"""What holds between any two events, whatever they were: the check that tests run after each (after dask's `validate`).

A run does not call it: it looks at every agent and every slot.
"""

from __future__ import annotations

from gradual_master.coordination.fleet.agent import Contact, FleetAgent, Standing
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.lifecycle import LifeCycle
from gradual_master.coordination.slots.table import SlotTable


def validate(life: LifeCycle, fleet: Fleet, slots: SlotTable, intake: Intake) -> None:
    """AssertionError, naming what is wrong, when fleet, slots and intake do not agree."""
    fleet.validate()
    slots.validate()
    intake.validate()
    for agent in fleet:
        _validate_agent(agent, life)
    for holder in slots.holders():
        assert fleet.has(holder), f"slots belong to {holder}, which is not in the fleet"
        _validate_holder(fleet[holder], life)
    for agent in fleet:
        _validate_awaited(agent, life, intake)


def _validate_agent(agent: FleetAgent, life: LifeCycle) -> None:
    """Before slots are assigned an agent is only joining; from then on whoever is lost has a reason and no lease."""
    if not life.has_assigned:
        assert agent.standing in (Standing.JOINING, Standing.WITHDRAWING), f"{agent.name} is {agent.standing}"
    if agent.is_lost:
        assert agent.was_lost, f"{agent.name} is lost, and was never lost"
        assert agent.reason, f"{agent.name} is lost for no reason"
        assert agent.lease_end is None, f"{agent.name} is lost and has a lease"


def _validate_holder(agent: FleetAgent, life: LifeCycle) -> None:
    """Whoever holds slots is enlisted, and has a lease until last batches are collected."""
    assert agent.is_enlisted, f"{agent.name} is {agent.standing.value} and holds slots"
    if life.is_preparing or life.is_running:
        assert agent.lease_end is not None, f"{agent.name} holds slots without a lease"


def _validate_awaited(agent: FleetAgent, life: LifeCycle, intake: Intake) -> None:
    """Intervals wait for all that are enlisted and heard, and for nobody else."""
    delivery = intake.of(agent.id)
    is_heard = agent.standing in (Standing.WORKING, Standing.LEAVING)
    if not (life.is_finished or (life.is_collecting and delivery.is_last)):
        assert delivery.is_awaited == is_heard, f"{agent.name} is {agent.standing.value}: is it awaited?"
    if delivery.cut_off_at is not None:
        assert agent.contact is Contact.AWAY, f"{agent.name} is connected, and intervals do not wait for it"
