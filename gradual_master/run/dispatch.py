"""The loop between the core and whatever does its I/O: what happens is decided, what is decided is carried out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from gradual_master.coordination.events import Event, Instruction


class Dispatcher:
    """Has events handled one after the other, and carries out what follows from each before the next one.

    `handle`: what is to be done about an event; `carry_out` does it, and may dispatch what comes of it.
    """

    def __init__(
        self, handle: Callable[[Event], Iterable[Instruction]], carry_out: Callable[[Instruction], object]
    ) -> None:
        self.is_dispatching = False
        self._handle = handle
        self._carry_out = carry_out
        self._events: deque[Event] = deque()

    def dispatch(self, event: Event) -> None:
        """Handle an event and whatever follows from it; while another one is handled, it waits for its turn."""
        # An instruction may bring about an event at once: a batch is merged, rows are prepared. Handled right there,
        # what follows from it would overtake the instructions that are still to be carried out.
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
