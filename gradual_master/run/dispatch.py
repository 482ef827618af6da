"""The loop between the core and its I/O: an event is decided, then its instructions are carried out."""

from collections import deque
from collections.abc import Callable, Iterable

from gradual_master.coordination.events import Event, Instruction


class Dispatcher:
    """Handles events one after the other, and carries out all instructions of an event before the next event.

    `handle` returns the instructions for an event. `carry_out` carries out one, and may dispatch further events.
    """

    def __init__(
        self, handle: Callable[[Event], Iterable[Instruction]], carry_out: Callable[[Instruction], object]
    ) -> None:
        self.is_dispatching = False
        self._handle = handle
        self._carry_out = carry_out
        self._events: deque[Event] = deque()

    def dispatch(self, event: Event) -> None:
        """Handle an event and the events that follow from it. During the handling of another event it only waits."""
        # Carrying out an instruction may cause an event at once: a batch is merged, rows are prepared. If that event
        # were handled right there, its instructions would overtake the remaining ones of the current event.
        self._events.append(event)
        if self.is_dispatching:
            return
        self.is_dispatching = True
        try:
            while self._events:
                for instruction in self._handle(self._events.popleft()):
                    self._carry_out(instruction)
        finally:
            self.is_dispatching = False
