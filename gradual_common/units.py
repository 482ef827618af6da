"""Reads durations, shares and sizes of the plan language; formats numbers for messages.

Times are integer nanoseconds. Every reader raises UnitError (a ValueError): what was found, and what is allowed.
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import isfinite
from typing import Any

from gradual_common.errors import UnitError

NS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(|b|kb|mb|gb|kib|mib|gib)", re.IGNORECASE)
ALLOWED = "write it with a unit: 500ms, 2s, 1m30s, 1h"

SMALLEST_PERCENT = 0.01

MAX_DURATION_NS = 10 * 365 * 24 * NS["h"]
"""Ten years: no wait of a test is longer, and every sum of a few of them fits into 64 bits."""


def read_duration(value: Any) -> int:
    """`500ms`, `2s`, `1m30s`, `1h` → nanoseconds, at least 0; a number without a unit is an error."""
    if isinstance(value, str) and _DURATION.fullmatch(text := value.replace(" ", "")):
        return _check_length(value, sum(Decimal(number) * NS[unit] for number, unit in _PART.findall(text)))
    if isinstance(value, str) and value[:1] == "-" and _DURATION.fullmatch(value[1:].replace(" ", "")):
        raise UnitError(f"{value!r} must not be below 0")
    raise UnitError(f"{value!r} is not a duration; {ALLOWED}")


def read_positive_duration(value: Any) -> int:
    """Like `read_duration`, and above 0."""
    return _check_positive(value, read_duration(value))


def read_wait(value: Any) -> int:
    """Like `read_duration`, and a bare number is seconds; at least 0."""
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        if value < 0:
            raise UnitError(f"{value!r} must not be below 0")
        return _check_length(value, Decimal(str(value)) * NS["s"])
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return _check_length(value, Decimal(value.strip()) * NS["s"])
    return read_duration(value)


def read_bare_duration(value: Any) -> int:
    """Like `read_wait`, and above 0."""
    return _check_positive(value, read_wait(value))


def _check_positive(value: Any, nanoseconds: int) -> int:
    if nanoseconds <= 0:
        raise UnitError(f"{value!r} must be above 0")
    return nanoseconds


def _check_length(value: Any, nanoseconds: Decimal | int) -> int:
    if nanoseconds > MAX_DURATION_NS:
        raise UnitError(f"{value!r} is longer than {MAX_DURATION_NS // NS['h']}h")
    return int(nanoseconds)


def read_share(value: Any) -> float:
    """`0.95` or `"95%"` → 0.95; in (0, 1]."""
    share: float
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value.strip())):
        share = float(Decimal(match.group(1)) / 100)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        share = float(value)
        if share > 1:
            raise UnitError(f'{value!r} is above 1; a share is written 0.95 or "95%"')
    else:
        raise UnitError(f'{value!r} is not a share; write 0.95 or "95%"')
    if not 0 < share <= 1:
        raise UnitError(f"{value!r} is not above 0 and at most 1 (100%)")
    return share


def read_size(value: Any) -> int:
    """`512`, `"10KB"`, `"1.5 MiB"` → bytes."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
        return int(Decimal(match.group(1)) * BYTES[match.group(2).lower()])
    raise UnitError(f"{value!r} is not a size; write 512, 10KB or 1MiB")


def format_duration(nanoseconds: int) -> str:
    """The shortest exact form: 90 s → `1m30s`, 1500 ms → `1.5s`, 0 → `0s`."""
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < NS["s"]:
        unit = next(unit for unit in ("ms", "us", "ns") if nanoseconds % NS[unit] == 0 or unit == "ns")
        return f"{nanoseconds // NS[unit]}{unit}"
    hours, rest = divmod(nanoseconds, NS["h"])
    minutes, rest = divmod(rest, NS["m"])
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    if rest:
        parts.append(f"{(Decimal(rest) / NS['s']).normalize():f}s")
    return "".join(parts)


def percent(share: float) -> str:
    """`0.13%`, `2.5%`, `56%`, `100%`: two significant digits, but `<0.01%` below that."""
    value = 100 * share
    if 0 < value < SMALLEST_PERCENT:
        return f"<{SMALLEST_PERCENT}%"
    return f"{value:.2g}%" if value < 10 else f"{value:,.0f}%"


def count(number: int, noun: str) -> str:
    """`1 agent`, `2 agents`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
