"""A simulated network: streams of two pipes each, over one wire per agent.

Within a pipe order is kept, as TCP keeps it; between pipes nothing is. A wire that is cut loses nothing: what was
written is delivered after it heals, unless its stream has been broken meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from fuzz_world import MS, World

END = object()
"""The last thing in a pipe: the other side has ended the stream."""

BASE_DELAY = MS

Deliver = Callable[[Any], object]


class Wire:
    """The connection of one agent with the master: delays by direction, and whether it is cut.

    `clogged_until`: the master's writers wait for room, so that its queues fill.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.up = BASE_DELAY
        self.down = BASE_DELAY
        self.is_up_cut = self.is_down_cut = False
        self.clogged_until = 0
        self._held: list[Pipe] = []

    def cut(self, down: bool = True) -> None:
        """Nothing that is sent up arrives any more, and unless `down` is false nothing in the other direction."""
        self.is_up_cut = True
        self.is_down_cut = self.is_down_cut or down

    def heal(self) -> None:
        """What was held is delivered, then whatever follows."""
        self.is_up_cut = self.is_down_cut = False
        held, self._held = self._held, []
        for pipe in held:
            pipe.release()

    def hold(self, pipe: Pipe) -> None:
        """Something waits in `pipe` until the wire heals."""
        self._held.append(pipe)


class Pipe:
    """One direction of one stream. `extra`: how much later it delivers than other pipes of its wire."""

    def __init__(self, wire: Wire, is_up: bool, deliver: Deliver) -> None:
        self.extra = 0
        self._wire = wire
        self._world = wire.world
        self._is_up = is_up
        self._deliver = deliver
        self._last_at = 0
        self._sent = 0
        self._arrived = 0
        self._lost_from = self._lost_until = 0
        self._held: deque[Any] = deque()

    def send(self, item: Any) -> None:
        """Put something in."""
        wire = self._wire
        delay = (wire.up if self._is_up else wire.down) + self.extra
        self._last_at = max(self._world.now + delay, self._last_at)
        self._world.at(self._last_at, self._arrive, item, self._sent)
        self._sent += 1

    def lose_tail(self, kept: int) -> None:
        """Of what is on its way all but the first `kept` items are lost; the stream is to be broken after that."""
        while len(self._held) > kept:
            self._held.pop()
        self._lost_from = max(self._lost_from, self._arrived + max(0, kept - len(self._held)))
        self._lost_until = self._sent

    def release(self) -> None:
        """The wire has healed."""
        self._world.after(self._wire.up if self._is_up else self._wire.down, self._pass_held)

    @property
    def _is_cut(self) -> bool:
        return self._wire.is_up_cut if self._is_up else self._wire.is_down_cut

    def _arrive(self, item: Any, number: int) -> None:
        if self._lost_from <= number < self._lost_until:
            return
        self._arrived = number + 1
        if self._held or self._is_cut:
            if not self._held:
                self._wire.hold(self)
            self._held.append(item)
        else:
            self._deliver(item)

    def _pass_held(self) -> None:
        if self._is_cut:
            if self._held:
                self._wire.hold(self)
            return
        held, self._held = self._held, deque()
        for item in held:
            self._deliver(item)


class Stream:
    """One control stream: the agent's number for it, the master's once it has arrived there, and both pipes."""

    def __init__(self, wire: Wire, number: int, on_down: Deliver, on_up: Callable[[Stream, Any], object]) -> None:
        self.wire = wire
        self.number = number
        self.server_number: int | None = None
        self.is_served = True
        self.up = Pipe(wire, True, lambda item: on_up(self, item))
        self.down = Pipe(wire, False, on_down)

    def break_off(self, kept: int) -> None:
        """The connection is reset: tails are lost, and each side hears of it."""
        for pipe in (self.up, self.down):
            pipe.lose_tail(kept)
            pipe.send(END)
