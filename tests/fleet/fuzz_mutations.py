"""Rules taken away one at a time: each is a context in which the product lacks it.

A fuzz that finds nothing proves something only if it finds what is there. Where two rules stand behind one another
(a stream that is over is not heard, and older orders are dropped), one mutation takes both away.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
from fuzz_agents import AgentProcess

from gradual_agent.coordination.duties import NO_ORDERS, AgentDuties, version_of
from gradual_agent.coordination.events import Reaction, Renew, SessionState
from gradual_agent.coordination.outbox import Outbox
from gradual_agent.coordination.pool import SlotPool
from gradual_agent.coordination.session import TABLE, Session
from gradual_common.protocol.messages import MasterMessage, Pong
from gradual_common.protocol.names import UniqueNames
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.membership import Membership
from gradual_master.coordination.intake import Intake, Receipt
from gradual_master.coordination.messages import MessageHandler
from gradual_master.coordination.slots.assigning import Assigner
from gradual_master.coordination.slots.table import SlotTable
from gradual_master.coordination.terms import Terms

Mutation = Callable[[], AbstractContextManager[object]]


def _in_place_of(owner: type, name: str, make: Callable[[Any], Any]) -> AbstractContextManager[object]:
    """`make` is given what the class has, and returns what it has meanwhile."""
    return mock.patch.object(owner, name, make(vars(owner)[name]))


def _in_the_table(event: type, make: Callable[[Any], Any]) -> AbstractContextManager[object]:
    """The same of what a live session does at an event."""
    (rule,) = TABLE[SessionState.LIVE][event]
    return mock.patch.dict(TABLE[SessionState.LIVE], {event: (Reaction(make(rule.act), rule.to),)})


def _no_guard(init: Any) -> Any:
    def mutant(self: Fleet, terms: Terms) -> None:
        init(self, replace(terms, guard=0))

    return mutant


def _same_tenure(give: Any) -> Any:
    def mutant(self: SlotTable, agent: str, slots: Any) -> Any:
        self._tenure[slots & (self._tenure > 0)] -= 1
        return give(self, agent, slots)

    return mutant


def _lost_with_its_stream(_: Any) -> Any:
    def mutant(self: Membership, stream: int, _: int) -> None:
        agent = self.fleet.leave(stream)
        if agent is not None and self.life.has_assigned:
            self.lose(agent, "its stream is over")

    return mutant


def _free_before_release(let_go: Any) -> Any:
    def mutant(self: SlotTable, slots: Any) -> Any:
        result = let_go(self, slots)
        self._free(slots)
        return result

    return mutant


def _rows_later(ordered_of: Any) -> Any:
    def mutant(self: SlotTable, agent: str, provisioned: int) -> Any:
        return ordered_of(self, agent, np.iinfo(np.int64).max)

    return mutant


def _release_of_any_tenure(_: Any) -> Any:
    def mutant(self: SlotTable, agent: str, slots: Any) -> None:
        self._free(self.mask_of(slots))

    return mutant


def _anything_moves(_: Any) -> Any:
    return lambda self, agent, confirmed: self.staying(agent)


def _hello_names_active_only(_: Any) -> Any:
    return property(lambda self: self.held)


def _no_check_before_a_write(_: Any) -> Any:
    return property(lambda self: not self.is_over)


def _renewed_from_receipt(take_pong: Any) -> Any:
    def mutant(self: Session, pong: Any, now: int) -> Any:
        instructions = take_pong(self, pong, now)
        if any(isinstance(one, Renew) for one in instructions):
            assert self.welcome is not None
            self.lease_end = now + self.welcome.lease
            instructions.append(Renew(self.lease_end))
        return instructions

    return mutant


def _any_stream_counts(_: Any) -> Any:
    return lambda self, event: self.state not in (SessionState.ENDED, SessionState.DISCONNECTED)


def _any_version(receive_orders: Any) -> Any:
    def mutant(self: AgentDuties, orders: Any) -> None:
        if version_of(orders) < self._in_force:
            self._waiting_orders, self._in_force = None, NO_ORDERS
        receive_orders(self, orders)

    return mutant


def _former_stream_heard(supersede: Any) -> Any:
    def mutant(self: Fleet, agent: Any, hello: Any, stream: int) -> Any:
        former = agent.stream
        result = supersede(self, agent, hello, stream)
        if former is not None:
            self._speakers[former] = agent
        return result

    return mutant


def _users_are_not_stopped(_: Any) -> Any:
    return lambda self, slot, user, deadline, *, hands_over: []


def _ack_before_merge(take_batch: Any) -> Any:
    def mutant(self: MessageHandler, agent: Any, batch: Any, now: int) -> None:
        self.out.send(agent, MasterMessage(ack=batch.number))
        take_batch(self, agent, batch, now)

    return mutant


def _merged_again(receive: Any) -> Any:
    def mutant(self: Intake, agent: str, batch: Any, now: int) -> Receipt:
        receipt = receive(self, agent, batch, now)
        return Receipt.MERGE if receipt is Receipt.AGAIN else receipt

    return mutant


def _gap_accepted(receive: Any) -> Any:
    def mutant(self: Intake, agent: str, batch: Any, now: int) -> Receipt:
        receipt = receive(self, agent, batch, now)
        if receipt is not Receipt.GAP:
            return receipt
        self._of(agent).received = batch.number
        return Receipt.MERGE

    return mutant


def _nothing_for_who_is_back(_: Any) -> Any:
    return lambda self, agent: None


def _nothing_again(_: Any) -> Any:
    return lambda self: None


def _the_name_itself(_: Any) -> Any:
    return lambda self, name: name


def _both(*patches: AbstractContextManager[object]) -> AbstractContextManager[object]:
    stack = ExitStack()
    for patch in patches:
        stack.enter_context(patch)
    return stack


MUTATIONS: dict[str, Mutation] = {
    "a lease without a guard": lambda: _in_place_of(Fleet, "__init__", _no_guard),
    "a new holder under the same tenure": lambda: _in_place_of(SlotTable, "give", _same_tenure),
    "slots are free when the stream ends": lambda: _in_place_of(Membership, "end_stream", _lost_with_its_stream),
    "slots are free before they are released": lambda: _in_place_of(SlotTable, "let_go", _free_before_release),
    "orders before their rows": lambda: _in_place_of(SlotTable, "ordered_of", _rows_later),
    "a release is believed for any tenure": lambda: _in_place_of(SlotTable, "release", _release_of_any_tenure),
    "slots move that are not in force": lambda: _in_place_of(SlotTable, "movable", _anything_moves),
    "what became free meanwhile is not assigned to who is back": lambda: _in_place_of(
        Assigner, "reconsider", _nothing_for_who_is_back
    ),
    "a Hello names only slots with a user": lambda: _in_place_of(SlotPool, "claimed", _hello_names_active_only),
    "no look at the lease before a write": lambda: _in_place_of(AgentProcess, "may_write", _no_check_before_a_write),
    "a lease renewed from the pong's receipt": lambda: _in_the_table(Pong, _renewed_from_receipt),
    "old orders of an old stream are obeyed": lambda: _both(
        _in_place_of(Session, "_is_accepted", _any_stream_counts),
        _in_place_of(AgentDuties, "receive_orders", _any_version),
    ),
    "a superseded stream is heard": lambda: _in_place_of(Fleet, "supersede", _former_stream_heard),
    "users that are not wanted go on": lambda: _in_place_of(SlotPool, "_stop", _users_are_not_stopped),
    "an acknowledgement before the merge": lambda: _in_place_of(MessageHandler, "_take_batch", _ack_before_merge),
    "a batch that comes again is merged again": lambda: _in_place_of(Intake, "receive", _merged_again),
    "what was in flight is not sent again": lambda: _in_place_of(Outbox, "rewind", _nothing_again),
    "equal names are not made unique": lambda: _in_place_of(UniqueNames, "give", _the_name_itself),
    "a gap between batches is accepted": lambda: _both(
        _in_place_of(Outbox, "rewind", _nothing_again), _in_place_of(Intake, "receive", _gap_accepted)
    ),
}
