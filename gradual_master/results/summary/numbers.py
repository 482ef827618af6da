"""Numbers as sentences say them."""

from __future__ import annotations

SMALLEST_PERCENT = 0.01


def percent(share: float) -> str:
    """`0.13%`, `2.5%`, `56%`, `100%`: two figures, and never less than can be read."""
    value = 100 * share
    if 0 < value < SMALLEST_PERCENT:
        return f"<{SMALLEST_PERCENT}%"
    return f"{value:.2g}%" if value < 10 else f"{value:,.0f}%"


def count(number: int, noun: str) -> str:
    """`1 agent`, `2 agents`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
