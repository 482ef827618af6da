"""Ctrl-C and SIGTERM while a run in a cluster is launched, watched or removed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gradual.errors import ClusterError
from gradual_common.process.exit_codes import INTERRUPTED, TERMINATED

CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}


class StoppedError(ClusterError):
    """The caller wants the run to end."""


class Interrupts:
    """The signals that came, in their order."""

    def __init__(self) -> None:
        self._came: list[signal.Signals] = []
        self._changed = threading.Event()

    def note(self, number: int, _: object = None) -> None:
        """A handler: nothing is done here, in the middle of something else."""
        self._came.append(signal.Signals(number))
        self._changed.set()

    @property
    def count(self) -> int:
        """How many came."""
        return len(self._came)

    @property
    def code(self) -> int:
        """The exit code after the first."""
        return CODES[self._came[0]]

    def pause(self, seconds: float) -> None:
        """Wait, but not after a signal has come."""
        self._changed.wait(seconds)
        self._changed.clear()

    def check(self) -> None:
        """StoppedError if a signal has come."""
        if self._came:
            raise StoppedError(f"stopped by {self._came[0].name}")


@contextmanager
def noted_interrupts() -> Iterator[Interrupts]:
    """Within the block, signals are noted and end nothing by themselves."""
    interrupts = Interrupts()
    former = {number: signal.signal(number, interrupts.note) for number in CODES}
    try:
        yield interrupts
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
