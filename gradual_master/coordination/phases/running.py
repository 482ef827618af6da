"""Under load: slots go to those who are here, levels are ordered ahead, and the end is noticed."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradual_common.clock import NS_PER_S
from gradual_common.units import count, format_duration
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.leases import Leases
from gradual_master.coordination.fleet.standing import Contact, ContactEvent
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.orders import OrderSender, RunOrders
from gradual_master.coordination.phases.ending import Ending
from gradual_master.coordination.slots.assigning import Assigner
from gradual_master.coordination.slots.table import SlotTable
from gradual_master.coordination.terms import Terms


@dataclass(eq=False, slots=True)
class Running:
    """Conducts the schedule from its begin to its end."""

    terms: Terms
    fleet: Fleet
    leases: Leases
    slots: SlotTable
    orders: RunOrders
    sender: OrderSender
    assigner: Assigner
    ending: Ending
    out: Instructions
    _alone_since: int | None = field(init=False, default=None)

    def advance(self, now: int) -> None:
        """Do what is due."""
        self.assigner.settle()
        if self._is_given_up(now):
            self.ending.fail_alone(now)
        elif self.orders.end is not None and now >= self.orders.end:
            self.ending.drain(now)
        elif self._is_over(now):
            self.ending.order_stop(now)
            self.ending.drain(now)
        elif self.orders.is_due(now):
            self.orders.refresh(now)
            self.sender.issue()

    def _is_given_up(self, now: int) -> bool:
        """Whether no agent has been here for so long that none is expected any more."""
        if not self.fleet.is_empty:
            self._alone_since = None
            return False
        wait = 0 if self.terms.is_closed else self.terms.agents_wait
        if self._alone_since is None:
            self._alone_since = now
            if wait:
                text = f"no agent is left: the run waits {format_duration(wait)} for one, and no user is active"
                self.out.note("warning", text)
        return now >= self._alone_since + wait

    def _is_over(self, now: int) -> bool:
        """Whether no slot that is scheduled, now or later, has anything left to do (`iterations`, data used up)."""
        ahead = self.orders.users_ahead(now)
        has_users = any(ahead) or self.orders.end is None
        return has_users and self.slots.is_over(ahead)

    def watch(self, now: int) -> None:
        """An operator hears of a silent agent before its lease is over, and what will become of its users."""
        terms = self.terms
        for agent in self.fleet.working():
            silence = now - agent.heard_at
            if agent.contact not in (Contact.HERE, Contact.RETURNING) or silence < terms.lease // 2:
                continue  # That it is silent, or that its connection is broken, was said at once.
            if not self.leases.is_held(agent.id, now):
                continue
            agent.take(ContactEvent.QUIET)
            users = self.slots.count_of(agent.id)
            left = format_duration((terms.lease + terms.guard - silence) // NS_PER_S * NS_PER_S)
            self.out.note(
                "warning",
                f"agent {agent.name} is silent: its {count(users, 'user')} stop at the end of its lease; unless it "
                f"comes back, the others take them over in about {left}",
                agent,
                "silent",
            )
