"""A transaction: steps that are timed as a whole.

Its time is the wall time less the deliberate waits in it. The gaps of a poll and the back-off of a retry are part of
what the user has to wait for, so they count. A transaction that a stop cuts off is not counted.
"""

from __future__ import annotations

from gradual_agent.recording.transaction_record import TransactionRecord
from gradual_agent.users.flow.node import Node, Performer


class Timed(Node):
    """Steps that are one transaction."""

    __slots__ = ("_body", "_record")

    def __init__(self, body: Node, record: TransactionRecord) -> None:
        self._body = body
        self._record = record

    async def run(self, user: Performer) -> bool:
        """Perform the steps; the transaction fails with the first failure in it."""
        if user.wait and not await user.rest():
            return False
        outer, user.first_failure = user.first_failure, 0
        began, slept = user.now(), user.slept
        goes_on = await self._body.run(user)
        ended, kind = user.now(), user.first_failure
        user.first_failure = outer or kind
        # A part that says that nothing may follow, without a failure, was stopped.
        if goes_on or (kind and not user.must_end):
            self._record.finish(ended, ended - began - (user.slept - slept), kind)
        return goes_on
