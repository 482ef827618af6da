"""Holm's correction: with six metrics, one of them seems to differ by chance six times as often.

S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979: the
smallest of m p-values is multiplied by m, the next by m − 1, and so on; none becomes smaller than one before it.
"""

from __future__ import annotations

from collections.abc import Sequence


def adjust(p_values: Sequence[float]) -> tuple[float, ...]:
    """The adjusted p-values, in the order of `p_values`: the chance of any false alarm among those up to this one."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return tuple(adjusted)
