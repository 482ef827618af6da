"""Slots into hands: the first deal, and every change of hands after it (DESIGN 4.7, 4.8).

Whoever frees slots or brings an agent says so by `Command.unsettle`; the slots are dealt anew right after the event.
An assignment is committed first; then its rows are laid ready, and the orders name it once they are stored.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradual_common.protocol.messages import MasterMessage, SlotRun
from gradual_common.units import count
from gradual_master.coordination.command import Command
from gradual_master.coordination.events import Provide
from gradual_master.coordination.fleet.fleet import Agent
from gradual_master.coordination.journal import SlotsAssigned
from gradual_master.coordination.slots.allocation import Shortfall, deal
from gradual_master.coordination.slots.balancing import Balancer, Place
from gradual_master.coordination.slots.seats import Mask


class Dealing:
    """Gives slots, and lets them go where others lack them."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._balancer = Balancer(command.schedule)
        self._vacant = 0
        self._taken: dict[str, int] = {}

    # ── Before the load ────────────────────────────────────────────────────────────────────────────────────────────

    def deal(self, agents: list[Agent]) -> Shortfall | None:
        """Deal every slot to these agents; why it cannot be done, if it cannot."""
        hands = deal(self._command.schedule, [agent.hello.max_users for agent in agents])
        if isinstance(hands, Shortfall):
            return hands
        for agent, hand in zip(agents, hands, strict=True):
            agent.is_dealt = agent.is_enlisted = True
            self._command.intake.enrol(agent.id)
            self._give(agent, self._command.seats.masks(hand))
        self._taken.clear()
        return None

    def note_provided(self, agent: Agent, slots: tuple[SlotRun, ...], sequence: int) -> None:
        """The rows of these slots lie ready for the agent."""
        command = self._command
        command.seats.note_due(agent.id, slots, sequence)
        agent.due_provision = max(sequence, agent.due_provision or 0)
        if command.life.is_running and agent.has_rows:
            command.order_anew(agent)

    # ── Under load ─────────────────────────────────────────────────────────────────────────────────────────────────

    def settle(self, now: int) -> None:
        """Deal anew what has become free, and let slots go to whoever has joined."""
        command = self._command
        if not command.is_unsettled:
            return
        moving, command.is_unsettled, command.has_joined = command.has_joined, False, False
        staying = {agent.id: agent for agent in command.fleet.staying()}
        for agent in staying.values():
            self._enlist(agent)
        if not (moving or command.seats.has_free):
            return
        places = {
            id_: Place(agent.hello.max_users, agent.is_here, agent.confirmed[1]) for id_, agent in staying.items()
        }
        balance = self._balancer.balance(command.seats, places, moving=moving, coming=self._held_by_leavers())
        for id_, slots in balance.gifts.items():
            self._give(staying[id_], slots)
        for agent in staying.values():
            agent.is_passed_over |= (moving or bool(balance.gifts)) and not agent.is_here
        for id_, slots in balance.moves.items():
            self._let_go(staying[id_], slots)
        if moving:
            command.is_short = balance.is_short
        self._say_taken()

    def _say_taken(self) -> None:
        """Who has taken how many, once all that were on their way have arrived."""
        command = self._command
        if command.seats.leaving() or self._held_by_leavers():
            return
        for id_, users in self._taken.items():
            agent = command.fleet[id_]
            command.note("info", f"agent {agent.name} has taken over {count(users, 'user')}", agent)
        self._taken.clear()

    def _held_by_leavers(self) -> int:
        """How many slots will be free, beside those that are leaving, when those that were told to end have done so."""
        leavers = [agent for agent in self._command.fleet.working() if agent.is_leaving]
        return sum(int(mask.sum()) for agent in leavers for mask in self._command.seats.staying(agent.id))

    def _enlist(self, agent: Agent) -> None:
        """From now on intervals wait for its batches, and it is told of the schedule, slots or none."""
        if agent.is_enlisted:
            return
        agent.is_enlisted = True
        self._command.intake.enrol(agent.id)
        self._command.order_anew(agent)

    def _give(self, agent: Agent, slots: Sequence[Mask]) -> None:
        runs = self._command.seats.give(agent.id, slots)
        self._command.journal.commit([SlotsAssigned(agent.id, runs)])
        self._command.out.append(Provide(agent.id, runs))
        self._taken[agent.id] = self._taken.get(agent.id, 0) + sum(run.count for run in runs)

    def _let_go(self, agent: Agent, slots: Sequence[Mask]) -> None:
        moved = sum(int(mask.sum()) for mask in slots)
        self._command.seats.let_go(slots)
        self._command.moves += moved
        self._command.order_anew(agent)
        if not agent.is_here:
            return  # Nothing moves before it is back, and nobody knows whether it will be.
        text = f"{count(moved, 'user')} of agent {agent.name} move to others, each at the end of its iteration"
        self._command.note("info", text, agent)

    def watch(self, now: int) -> None:
        """Users that are wanted now and that nobody can hold are said once, and again when they are back."""
        command = self._command
        vacant = command.seats.vacant(command.ordering.users_at(now))
        if vacant and vacant != self._vacant:
            users = count(vacant, "user")
            command.note("warning", f"{users} missing: no agent has room for them until another one joins")
        elif self._vacant and not vacant:
            command.note("info", "every user has an agent again")
        self._vacant = vacant

    # ── Back again ─────────────────────────────────────────────────────────────────────────────────────────────────

    def welcome_back(self, agent: Agent, now: int) -> None:
        """Bring an agent that is back up to date, once it has said which slots ended meanwhile.

        A slot that should have a user and is missing from the Hello is free (DESIGN 4.7): the agent cut it. Nobody
        else can hold it, so it goes back to the same agent, under the next tenure.
        """
        agent.is_back = False
        command = self._command
        if not command.ordering.version or not agent.has_job:
            return
        command.reconsider(agent)
        if not agent.is_enlisted:
            return
        is_new = False
        if command.life.is_running:
            held = agent.hello.held
            _, anew = command.seats.settle(agent.id, held, command.ordering.users_at(now))
            if anew:
                command.journal.commit([SlotsAssigned(agent.id, anew)])
                command.note("warning", f"agent {agent.name} had cut {_users(anew)}; they begin anew", agent)
            # Its pool forgot its slots when it cut: only a newer version makes it take them again.
            is_new = bool(anew) or not held
        if is_new:
            command.order_anew(agent)
        else:
            command.send(agent, MasterMessage(orders=command.orders_of(agent)), ahead=True)


def _users(runs: Sequence[SlotRun]) -> str:
    return count(sum(run.count for run in runs), "user")
