"""A poll: an action that is performed until a condition holds.

Each request is a sample of its own. The poll is a transaction of the step's name; its time is from the first request to
the response that fulfilled the condition, the waits between included.

A request that is answered when no further one may be sent within the time, without the condition, fails with the kind
`poll`: so an unsuccessful poll is one failed request, whose response the report shows. A request that fails by itself
is counted as such, and the poll goes on. A condition that cannot be evaluated does not hold: a response that says
"not yet" may have no body to look into. If it still cannot at the end, the failure says why (`template`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gradual_agent.kinds.kind import Action, Actor
from gradual_agent.recording.transaction_record import TransactionRecord
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_agent.users.behaviour import CompiledStep
from gradual_agent.users.flow.node import Node, Performer
from gradual_agent.users.flow.values import Pause
from gradual_agent.users.knowledge import keep_response
from gradual_common.clock import NS_PER_S
from gradual_common.errors import TemplateError
from gradual_common.kinds.failures import KIND, FailureKinds
from gradual_common.templates.templates import Condition

POLL = KIND["poll"]

ASKING, FULFILLED, OVER = range(3)


class PollRequest:
    """The action of a poll, for one poll of one user."""

    __slots__ = ("_action", "_limit", "_node", "assertion_count", "state")

    def __init__(self, node: Polled, action: Action, limit: int) -> None:
        self._node = node
        self._action = action
        self._limit = limit
        self.assertion_count = action.assertion_count
        self.state = ASKING

    async def perform(self, user: Actor, sample: Sample) -> None:
        """Send one request, and look whether the poll is over."""
        await self._action.perform(user, sample)
        if sample.kind == INTERRUPTED:
            return
        node = self._node
        keep_response(user.scope, node.step.name, sample, node.failures.names[sample.kind])
        holds, unreadable = False, None
        try:
            holds = node.until.holds(user.scope)
        except TemplateError as error:
            unreadable = error
        if holds and sample.ended <= self._limit:
            self.state = FULFILLED
        elif sample.ended + node.every >= self._limit:
            self.state = OVER
            if unreadable is not None and not sample.kind:
                raise unreadable
            if not sample.kind:
                sample.kind = POLL
                sample.detail = f"{node.until.text!r} did not hold within {node.within / NS_PER_S:g} s"


@dataclass(frozen=True, slots=True, eq=False)
class Polled(Node):
    """A poll. Times in ns."""

    step: CompiledStep
    """Its requests; a failed one does not end the poll."""
    until: Condition
    every: int
    within: int
    record: TransactionRecord
    failures: FailureKinds
    after: Pause
    """The wait after it."""
    on_failure: int
    """What happens if it does not succeed."""

    async def run(self, user: Performer) -> bool:
        """Ask until the condition holds or the time is over; a poll that a stop cuts off is not counted."""
        if user.wait and not await user.rest():
            return False
        outer, began, slept = user.first_failure, user.now(), user.slept
        request = PollRequest(self, self.step.action, began + self.within)
        step = replace(self.step, action=request)
        while request.state == ASKING:
            user.first_failure = 0
            if not await user.run_steps((step,)):
                return False
            user.wait = self.every if request.state == ASKING else 0
        # The waits between the requests are part of the poll's time, and of the transactions around it.
        user.slept = slept
        ended, failed = user.now(), 0 if request.state == FULFILLED else user.first_failure
        self.record.finish(ended, ended - began, failed)
        user.first_failure = outer or failed
        self.after.add_to(user)
        return not failed or user.goes_on_after(self.on_failure, f"the poll {step.name!r} failed")
