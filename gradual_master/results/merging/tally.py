"""Counts by key, which are added to many at a time."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from gradual_common.histogram.buckets import Int64

K = TypeVar("K", bound=Hashable)

Rows = npt.NDArray[np.intp]


class Tally(Generic[K]):
    """Whoever counts the same keys again and again asks for their rows once. A key that was never counted has 0.

    Measured for 40 keys: 3 µs an addition, against 16 µs of a `Counter`.
    """

    def __init__(self) -> None:
        self._rows: dict[K, int] = {}
        self._counts: Int64 = np.zeros(16, dtype=np.int64)

    def rows_of(self, keys: Iterable[K]) -> Rows:
        """The rows of these keys, new ones where need be."""
        known = self._rows
        return np.array([known[key] if key in known else self._begin(key) for key in keys], dtype=np.intp)

    def _begin(self, key: K) -> int:
        row = self._rows[key] = len(self._rows)
        if row == len(self._counts):
            self._counts = np.concatenate((self._counts, np.zeros_like(self._counts)))
        return row

    def add(self, rows: Rows, counts: Int64) -> None:
        """Add `counts[n]` to the key of `rows[n]`; several may be of one key."""
        np.add.at(self._counts, rows, counts)

    def __getitem__(self, key: K) -> int:
        row = self._rows.get(key)
        return 0 if row is None else int(self._counts[row])

    def entries(self) -> Iterator[tuple[K, int, int]]:
        """(key, its row, its count) of the keys that were counted."""
        return ((key, row, count) for key, row in self._rows.items() if (count := int(self._counts[row])))

    def items(self) -> Iterator[tuple[K, int]]:
        """The keys that were counted, in the order in which they came, with their counts."""
        return ((key, count) for key, _, count in self.entries())
