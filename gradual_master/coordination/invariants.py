"""What holds between any two events, whatever they were: the check that tests run after each (after dask's `validate`).

A run does not call it: it looks at every agent and every slot.
"""

from __future__ import annotations

from gradual_master.coordination.fleet.agent import Contact, Standing
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.leases import Leases
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.lifecycle import LifeCycle
from gradual_master.coordination.slots.table import SlotTable


def validate(life: LifeCycle, fleet: Fleet, slots: SlotTable, leases: Leases, intake: Intake) -> None:
    """AssertionError, naming what is wrong, when fleet, slots, leases and intake do not agree."""
    fleet.validate()
    slots.validate()
    intake.validate()
    _validate_agents(life, fleet)
    _validate_holders(life, fleet, slots, leases)
    _validate_awaited(life, fleet, intake)


def _validate_agents(life: LifeCycle, fleet: Fleet) -> None:
    """Before slots are assigned an agent is only joining; from then on whoever is lost has a reason."""
    for agent in fleet:
        if not life.has_assigned:
            assert agent.standing in (Standing.JOINING, Standing.WITHDRAWING), f"{agent.name} is {agent.standing}"
        if agent.is_lost:
            assert agent.was_lost, f"{agent.name} is lost, and was never lost"
            assert agent.reason, f"{agent.name} is lost for no reason"


def _validate_holders(life: LifeCycle, fleet: Fleet, slots: SlotTable, leases: Leases) -> None:
    """A slot belongs to an agent that is enlisted, and whose lease is alive until last batches are collected."""
    for holder in slots.holders():
        assert fleet.has(holder), f"slots belong to {holder}, which is not in the fleet"
        agent = fleet[holder]
        assert agent.is_enlisted, f"{agent.name} is {agent.standing.value} and holds slots"
        if life.is_preparing or life.is_running:
            assert leases.has(holder), f"{agent.name} holds slots without a lease"
    for holder in leases.agents():
        assert fleet.has(holder), f"{holder} has a lease and is not in the fleet"
        assert not fleet[holder].is_lost, f"{fleet[holder].name} is lost and has a lease"


def _validate_awaited(life: LifeCycle, fleet: Fleet, intake: Intake) -> None:
    """Intervals wait for all that are enlisted and heard, and for nobody else."""
    for agent in fleet:
        is_heard = agent.standing in (Standing.WORKING, Standing.LEAVING)
        is_over = life.is_finished or (life.is_collecting and intake.has_delivered_last(agent.id))
        if not is_over:
            assert intake.is_awaited(agent.id) == is_heard, f"{agent.name} is {agent.standing.value}: is it awaited?"
        if intake.is_cut_off(agent.id):
            assert agent.contact is Contact.AWAY, f"{agent.name} is connected, and intervals do not wait for it"
