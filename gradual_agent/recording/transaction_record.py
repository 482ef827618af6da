"""The record of the transactions of one name: how long each took, by outcome."""

from __future__ import annotations

from array import array
from collections import defaultdict

from gradual_agent.recording.frames import OpenFrame


class TransactionRecord:
    """What the transactions of one series measured in the open frame."""

    def __init__(self, frame: OpenFrame, number: int) -> None:
        self._frame = frame
        self.number = number
        self._durations = self._nothing()

    @staticmethod
    def _nothing() -> defaultdict[int, array[int]]:
        return defaultdict(lambda: array("q"))

    def finish(self, now: int, duration: int, kind: int) -> None:
        """Count one that ended now and took `duration` ns; `kind`: 0, or the first failure in it."""
        if now >= self._frame.boundary:
            self._frame.roll(now)
        self._durations[kind].append(duration)

    def take(self) -> list[tuple[int, array[int]]]:
        """(kind, durations) since the last call."""
        taken = list(self._durations.items())
        if taken:
            self._durations = self._nothing()
        return taken
