"""A rendezvous: users wait until enough of the fleet's users wait at the same place, or the time is over.

It is a transaction of the place's name: its time is how long the user waited, and one whose time was over has failed
with the kind `timeout`. The wait is deliberate: the user counts as thinking, and transactions around it leave it out.
"""

from __future__ import annotations

from dataclasses import dataclass

from gradual_agent.recording.transaction_record import TransactionRecord
from gradual_agent.users.flow.node import Node
from gradual_agent.users.shared.places import Place
from gradual_agent.users.step_runner import StepRunner
from gradual_common.kinds.failures import KIND, OK

TIMEOUT = KIND["timeout"]


@dataclass(frozen=True, slots=True, eq=False)
class Meeting(Node):
    """One rendezvous."""

    place: Place
    timeout: int
    """ns."""
    record: TransactionRecord

    async def run(self, user: StepRunner) -> bool:
        """Wait; a wait that a stop ends is not counted."""
        if user.must_end or (user.wait and not await user.rest()):
            return False
        began = user.now()
        is_met = await user.wait_at(self.place, began + self.timeout)
        if is_met is None:
            return False
        now = user.now()
        self.record.finish(now, now - began, OK if is_met else TIMEOUT)
        return True
