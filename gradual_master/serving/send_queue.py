"""The send queue of one stream: orders and pongs before everything else (docs/design/fleet.md, 4.11).

Waiting messages are merged into as few as possible, because grpc.aio needs about 0.15 ms of a core for each message, of
any size.
"""

from collections import deque
from dataclasses import fields, replace
from typing import Any

from gradual_common.protocol.messages import MasterMessage

PARTS = tuple(field.name for field in fields(MasterMessage) if field.name != "ack")
"""Each is None or empty in a message without it."""

STATES = frozenset({"orders", "rounds"})
"""Parts that are the complete state: a later one replaces an earlier one."""


class SendQueue:
    """Messages for one agent: those that were put ahead, then the others, each in order."""

    def __init__(self) -> None:
        self._ahead: deque[MasterMessage] = deque()
        self._rest: deque[MasterMessage] = deque()

    def __bool__(self) -> bool:
        return bool(self._ahead or self._rest)

    def put(self, message: MasterMessage, *, ahead: bool = False) -> None:
        """Add a message."""
        (self._ahead if ahead else self._rest).append(message)

    def take(self) -> MasterMessage | None:
        """Remove and return the next message, merged with as many of the following ones as possible; None if empty."""
        taken: MasterMessage | None = None
        for queue in (self._ahead, self._rest):
            while queue:
                folded = queue[0] if taken is None else fold(taken, queue[0])
                # A message that cannot be merged is the next one to send: no later one may overtake it.
                if folded is None:
                    return taken
                taken = folded
                queue.popleft()
        return taken


def fold(first: MasterMessage, second: MasterMessage) -> MasterMessage | None:
    """Both messages in one; None if both have the same part."""
    # Some parts may be in both. Acknowledgements are cumulative, so the higher number includes the lower one. Of states
    # only the last counts. Of every other part both must be delivered.
    added: dict[str, Any] = {}
    for part in PARTS:
        value = getattr(second, part)
        if value:
            if getattr(first, part) and part not in STATES:
                return None
            added[part] = value
    return replace(first, **added, ack=max(first.ack, second.ack))
