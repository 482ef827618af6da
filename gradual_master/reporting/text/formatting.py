"""Numbers and names as people read them, "-" where there is no data; notes about levels and agents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from gradual_common.units import count
from gradual_master.results.judging.fleet import AgentRow
from gradual_master.results.judging.levels import LevelRow

T = TypeVar("T")

NO_DATA = "-"

NOTES = {
    "missing": "missing users",
    "saturated": "saturated",
    "unaccounted": "unaccounted time",
    "unsteady": "not steady",
}
"""The words for each mark of a level, but for "failures": `notes_of` names the steps that failed."""


def show_count(count: int | None) -> str:
    """12345 → `12,345`."""
    return NO_DATA if count is None else f"{count:,}"


def show_counted(number: float | None, noun: str) -> str:
    """`1 request`, `12.5 users`."""
    shown = show_number(number)
    return f"{shown} {noun}{'' if shown == '1' else 's'}"


def show_number(number: float | None, places: int = 1) -> str:
    """A number with as many decimals as its size leaves room for: 0.04, 12.3, 1,234."""
    if number is None:
        return NO_DATA
    if abs(number) >= 100:
        return f"{number:,.0f}"
    text = f"{number:.{places if abs(number) >= 1 else places + 1}f}"
    return text.rstrip("0").rstrip(".")


def show_exactly(number: float | None) -> str:
    """A number with all its digits: 1,234.56."""
    return NO_DATA if number is None else f"{number:,.15g}"


def show_percent(share: float | None) -> str:
    """0.0123 → `1.23%`; a failure among many is never shown as 0%."""
    if share is None:
        return NO_DATA
    percent = 100 * share
    if 0 < percent < 0.01:
        return "<0.01%"
    return f"{percent:.3g}%"


def show_share(part: int, whole: int) -> str:
    """`part` of `whole` as a percentage; no data for a `whole` of 0."""
    return show_percent(part / whole if whole else None)


def show_rate(count: int, seconds: float) -> str:
    """`count` per second."""
    return show_number(count / seconds if seconds else None)


def show_value(value: float | None, unit: str) -> str:
    """A value of an objective with its unit: `612 ms`, `2.5%`, `49.1/s`, `1,234`."""
    if value is None:
        return NO_DATA
    if unit == "%":
        return show_percent(value / 100)
    return f"{show_number(value, 2)}{after_a_number(unit)}"


def after_a_number(unit: str) -> str:
    """The unit as it follows a number: ` ms`, ` users`, `%`, `/s`."""
    return f" {unit}" if unit in ("ms", "users") else unit


def show_of_target(users: float | None, target: float) -> str:
    """The users: `12`; with the target where they differ: `11.7/12`."""
    shown, wanted = show_number(users), show_number(target)
    return shown if shown == wanted else f"{shown}/{wanted}"


def show_bytes(count: int) -> str:
    """1536 → `1.5 KB`: thousands, as networks count."""
    size, units = float(count), iter(("B", "KB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 999.5 and unit != "TB":
        size, unit = size / 1000, next(units)
    return f"{show_number(size)} {unit}"


def show_seconds(seconds: float) -> str:
    """75 → `1:15`; 3675 → `1:01:15`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def show_instant(seconds: float) -> str:
    """Like `show_seconds`, with the fraction of a second at which a level starts: 7.5 → `0:07.5`."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return show_seconds(whole) + (f".{milliseconds:03}".rstrip("0") if milliseconds else "")


def show_tenth(seconds: float) -> str:
    """An instant to a tenth of a second."""
    return show_instant(round(seconds, 1))


def show_moment(instant: str) -> str:
    """An RFC 3339 instant without its fraction: `2026-01-02 03:04:05 UTC`."""
    return instant[:19].replace("T", " ") + (" UTC" if instant.endswith(("+00:00", "Z")) else instant[19:])


def show_kinds(kinds: Mapping[str, int]) -> str:
    """Failures by kind, the most frequent first: `timeout × 12, connect × 3`."""
    ordered = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{kind} × {count:,}" for kind, count in ordered)


def thinned(rows: Sequence[T], most: int) -> Sequence[T]:
    """At most `most` rows, evenly spread, the last among them."""
    # Counted from the end, so that the last row is among them; rounded up, or there would be one row too many.
    step = -(-len(rows) // most)
    return rows[::-1][::step][::-1] if step else rows


def show_health(row: AgentRow) -> str:
    """The state of an agent and its problems: `lost, saturated in 3 intervals`; empty when there is nothing to say."""
    states = ["lost"] if row.lost else []
    states += ["left"] if row.left else []
    states += [f"saturated in {count(row.saturated, 'interval')}"] if row.saturated else []
    return ", ".join(states)


def always_failing(levels: Sequence[LevelRow]) -> frozenset[str]:
    """The steps that failed at every level that performed them: a problem of the step, and not of a level."""
    return frozenset(step for row in levels for step in row.failing_always)


def notes_of(row: LevelRow) -> tuple[str, ...]:
    """All notes of a level, without the failures of steps that fail at every level: those are not due to the level."""
    failing = [step for step in row.failing if step not in row.failing_always]
    failures = (f"failures: {', '.join(failing)}",) if failing and "failures" in row.marks else ()
    return (*remarks_of(row), *failures)


def remarks_of(row: LevelRow) -> tuple[str, ...]:
    """The notes without failures, for tables that have a column of failures."""
    warm_up = ("warm-up",) if row.warm_up else ()
    return (*warm_up, *(NOTES.get(mark, mark) for mark in row.marks if mark != "failures"))


def distinct(names: Iterable[str]) -> Iterator[str]:
    """The names in order, made unique by a number: a, b, a → a, b, a (2)."""
    seen: Counter[str] = Counter()
    given: set[str] = set()
    for name in names:
        candidate = name
        # Not only one step: the plan itself may have a name such as `a (2)`.
        while candidate in given:
            seen[name] += 1
            candidate = f"{name} ({seen[name] + 1})"
        given.add(candidate)
        yield candidate
