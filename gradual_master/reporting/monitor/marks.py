"""Small drawings in a line of text: a bar, the course of a figure, how it has changed."""

from __future__ import annotations

from collections.abc import Sequence

from gradual_master.reporting.text.block_chart import BLOCKS, EIGHTHS, height_of

NO_SAMPLES = " "
NOUGHT = "·"
"""Zero is not the same as next to nothing, which is the lowest block, nor as no data, which is blank."""

PARTS = " ▏▎▍▌▋▊▉"
FULL = "█"
WANTED = "░"

NOTEWORTHY = 0.05
"""A change smaller than this is not spoken of."""

MOST_CHANGE = 9.99


def sparkline(values: Sequence[float | None]) -> str:
    """One character per value, from 0 to the largest of them; blank where nothing is known."""
    peak = max((value for value in values if value is not None), default=0.0)
    return "".join(_level(value, peak) for value in values)


def _level(value: float | None, peak: float) -> str:
    if value is None:
        return NO_SAMPLES
    return BLOCKS[min(EIGHTHS, height_of(value, peak, 1))] if value > 0 else NOUGHT


def bar(actual: float, target: float, peak: float, columns: int) -> tuple[str, str]:
    """(what is there, what is missing up to the target) of a bar on which `columns` stand for `peak`."""
    if peak <= 0 or columns <= 0:
        return "", ""
    longest = max(peak, actual, target)
    eighths = round(actual / longest * columns * EIGHTHS)
    full, part = divmod(eighths, EIGHTHS)
    filled = FULL * full + (PARTS[part] if part else "")
    if actual > 0 and not filled:
        filled = PARTS[1]
    return filled, WANTED * max(0, round(target / longest * columns) - len(filled))


def change(now: float | None, before: float | None) -> str:
    """`↑12%`, `↓8%`; nothing for a small change, or where there is nothing to compare with."""
    if now is None or not before:
        return ""
    share = now / before - 1
    if abs(share) < NOTEWORTHY:
        return ""
    arrow = "↑" if share > 0 else "↓"
    return f"{arrow}×{min(now / before, 999):.0f}" if share > MOST_CHANGE else f"{arrow}{abs(share):.0%}"
