"""Which failed exchanges are shown: of each step and kind of failure the first ones, and a random choice of all.

Those that failed by their status are of one kind when they have the same code.

Every failure draws a key, uniform in [0, 1); the smallest keys of any number of failures are a simple random sample of
them, whoever drew them (bottom-k sampling; E. Cohen and H. Kaplan, PODC 2007). So an agent sends a failure when it
is among its first, or its key among its smallest so far, and the master chooses in the same way among what agents send:
of n failures some 8·ln(n/8) exchanges are described.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from gradual_agent.runtime.sample import Sample
from gradual_common.kinds.failures import BUILT_IN_KINDS, FailureKinds
from gradual_common.protocol.samples import FIRST_SHOWN, RANDOM_SHOWN, Exemplar

CANDIDATES = FIRST_SHOWN + RANDOM_SHOWN
"""Keys that are kept: some may belong to the first ones, which are shown anyway."""

MOST_WAITING = 200
"""Exchanges that wait to be sent, mostly of a few KiB; beyond that only first ones are described: when everything fails
at once, each step has an example all the same."""

MOST_CODES = 16
"""Status codes of one step that have examples of their own; a system that makes codes up shares one more place."""

Place = tuple[int, int, int]
"""(step, kind, status code, or 0 where the kind says it all)."""

Describe = Callable[[Sample], dict[str, Any]]


class ExemplarPicker:
    """Picks among the failures of one agent. `describe` makes an exchange plain JSON data, masked and bounded."""

    def __init__(self, describe: Describe, random: Random, failures: FailureKinds = BUILT_IN_KINDS) -> None:
        self._by_status = failures.by_status
        self._describe = describe
        self._random = random
        self._seen: dict[Place, int] = {}
        self._smallest: dict[Place, list[float]] = {}
        self._waiting: list[Exemplar] = []

    def consider(self, step: int, sample: Sample) -> None:
        """A sample of this step has failed."""
        place, key = self._place_of(step, sample), self._random.random()
        number = self._seen.get(place, 0)
        self._seen[place] = number + 1
        is_small = self._is_small(place, key) and len(self._waiting) < MOST_WAITING
        if not (is_small or number < FIRST_SHOWN):
            return
        self._waiting.append(
            Exemplar(step, sample.kind, number, key, sample.ended, sample.slot, self._describe(sample))
        )

    def _place_of(self, step: int, sample: Sample) -> Place:
        """Those that failed by their status are told apart by it, as long as there are not too many of them."""
        place = (step, sample.kind, sample.status_code if sample.kind in self._by_status else 0)
        if place not in self._seen and place[2]:
            others = sum(seen[:2] == place[:2] for seen in self._seen)
            place = place if others < MOST_CODES else (step, sample.kind, 0)
        return place

    def _is_small(self, place: Place, key: float) -> bool:
        smallest = self._smallest.setdefault(place, [])
        if len(smallest) == CANDIDATES:
            if key >= smallest[-1]:
                return False
            smallest.pop()
        insort(smallest, key)
        return True

    def take(self, offset: int) -> list[Exemplar]:
        """What was picked since the last time, in run time, the first ones first; `offset`: run time − agent clock."""
        waiting, self._waiting = sorted(self._waiting, key=lambda one: one.number >= FIRST_SHOWN), []
        return [replace(one, ended=one.ended + offset) for one in waiting]
