"""What holds in a master's core between any two events, whatever they were: looked at after each of them in tests.

(After `validate` of dask's scheduler. It looks at every agent and every slot, which is nothing for a run.)
"""

from __future__ import annotations

import numpy as np

from gradual_master.coordination.core import MasterCore
from gradual_master.coordination.fleet.agent import FleetAgent, LinkState, MemberState
from gradual_master.coordination.fleet.fleet import AgentCommands, Fleet
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.lifecycle import LifeCycle
from gradual_master.coordination.slots.table import NO_AGENT, SlotTable


def validate(core: MasterCore) -> None:
    """AssertionError, naming what is wrong, when a part is wrong or the parts do not agree."""
    life, fleet, slots, intake = core._life, core._fleet, core._slots, core._intake
    validate_fleet(fleet)
    validate_slots(slots)
    validate_intake(intake)
    for agent in fleet:
        _validate_agent(agent, life)
    for holder in _holders(slots):
        assert fleet.has(holder), f"slots belong to {holder}, which is not in the fleet"
        _validate_holder(fleet[holder], life)
    for agent in fleet:
        _validate_awaited(agent, life, intake)


def validate_fleet(fleet: Fleet) -> None:
    """Streams, commands and names agree with the agents."""
    for stream, agent in fleet._speakers.items():
        assert agent.stream == stream, f"{agent.name} speaks on {agent.stream}, not on {stream}"
        assert fleet._agents.get(agent.id) is agent, f"{agent.name} speaks and is not in the fleet"
    for agent in fleet:
        is_connected = agent.stream is not None
        assert is_connected == (agent.link is not LinkState.AWAY), f"{agent.name} is {agent.link.value}"
        assert not is_connected or fleet.speaker(agent.stream or 0) is agent, f"{agent.name} is not heard"
        is_counted = any(agent.id in command for command in fleet.commands._commands.values())
        assert is_connected or not is_counted, f"{agent.name} is counted and not connected"
        assert is_counted or not (is_connected and agent.is_working), f"{agent.name} is connected and not counted"
        assert agent.state is not MemberState.DROPPED or agent.id in fleet._barred, f"{agent.name} may come again"
    names = [agent.name for agent in fleet]
    assert len(set(names)) == len(names), f"agents are shown as {names}"
    validate_commands(fleet.commands)


def validate_commands(commands: AgentCommands) -> None:
    """`complete` is what it counts."""
    complete = sum(command.is_complete for command in commands._commands.values())
    assert commands.complete == complete, f"{commands.complete} commands are counted as complete, {complete} are"


def validate_slots(slots: SlotTable) -> None:
    """A slot that is held has a tenure, and only such a slot is on its way."""
    is_held = slots._holder != NO_AGENT
    assert (slots._holder < len(slots._numbers)).all(), "slots belong to a stranger"
    assert (slots._tenure[is_held | slots._ended] > 0).all(), "slots are held, or have ended, under no tenure"
    assert not (slots._leaving & ~is_held).any(), "slots leave nobody"
    assert slots._has_ended == bool(slots._ended.any()), "slots have ended, and nobody knows"


def validate_intake(intake: Intake) -> None:
    """Numbers are in order, and who is awaited is who owes the next open interval."""
    assert intake.start is not None or intake.next_open == 0, "intervals were closed before the start"
    for agent, delivery in intake._deliveries.items():
        assert delivery.merged <= delivery.received, f"{agent}: {delivery}"
        assert delivery.interval <= delivery.received_interval, f"{agent}: {delivery}"
        is_owing = delivery.is_awaited and not delivery.is_last and delivery.interval < intake.next_open
        assert is_owing == (agent in intake._owing), f"{agent} owes interval {intake.next_open}: {is_owing}"


def _holders(slots: SlotTable) -> list[str]:
    holding = set(np.unique(slots._holder).tolist())
    return [agent for agent, number in slots._numbers.items() if number in holding]


def _validate_agent(agent: FleetAgent, life: LifeCycle) -> None:
    """Before slots are assigned an agent is only joining; from then on whoever is lost has a reason and no lease."""
    if not life.has_assigned:
        assert agent.state in (MemberState.JOINING, MemberState.WITHDRAWING), f"{agent.name} is {agent.state}"
    if agent.is_lost:
        assert agent.was_lost, f"{agent.name} is lost, and was never lost"
        assert agent.reason, f"{agent.name} is lost for no reason"
        assert agent.lease_end is None, f"{agent.name} is lost and has a lease"


def _validate_holder(agent: FleetAgent, life: LifeCycle) -> None:
    """Whoever holds slots is enlisted, and has a lease until last batches are collected."""
    assert agent.is_enlisted, f"{agent.name} is {agent.state.value} and holds slots"
    if life.is_preparing or life.is_running:
        assert agent.lease_end is not None, f"{agent.name} holds slots without a lease"


def _validate_awaited(agent: FleetAgent, life: LifeCycle, intake: Intake) -> None:
    """Intervals wait for all that are enlisted and heard, and for nobody else."""
    delivery = intake.of(agent.id)
    is_heard = agent.state in (MemberState.WORKING, MemberState.LEAVING)
    if not (life.is_finished or (life.is_ending and delivery.is_last)):
        assert delivery.is_awaited == is_heard, f"{agent.name} is {agent.state.value}: is it awaited?"
    if delivery.cut_off_at is not None:
        assert agent.link is LinkState.AWAY, f"{agent.name} is connected, and intervals do not wait for it"
