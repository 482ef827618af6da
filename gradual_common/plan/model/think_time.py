"""Think times as people write them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from gradual_common.language.model import Model
from gradual_common.language.wording import kind_of, listed, nearest
from gradual_common.units import format_duration, read_wait

DISTRIBUTIONS = {
    "constant": ("mean",),
    "uniform": ("low", "high"),
    "exponential": ("mean",),
    "normal": ("mean", "stddev"),
    "lognormal": ("mean", "stddev"),
}
"""What each distribution of a think time must be given."""

THINK_KEYS = ("distribution", "low", "high", "mean", "stddev", "max")
THINK_ALLOWED = 'write "3s", "2-5s", or {distribution: exponential, mean: "3s"}'

_RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*(?:-|–|to)\s*(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*")


def read_think_time(value: Any) -> Any:
    """`"3s"`, `3`, `"2-5s"` or a mapping with a distribution → the fields of a ThinkTime, in ns."""
    if isinstance(value, dict):
        return _read_distribution(value)
    if isinstance(value, str) and (match := _RANGE.fullmatch(value)):
        return _read_range(value, match)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return {"distribution": "constant", "mean": read_wait(value)}
        except ValueError as error:
            raise ValueError(f"{value!r} is not a think time; {THINK_ALLOWED}") from error
    if value is None or isinstance(value, bool | list):
        raise ValueError(f"{kind_of(value)} is not a think time; {THINK_ALLOWED}")
    return value


def _read_range(value: str, match: re.Match[str]) -> dict[str, Any]:
    """`2-5s`: the unit of the second holds for the first where that has none."""
    low, low_unit, high, high_unit = match.groups()
    try:
        ends = read_wait(low + (low_unit or high_unit)), read_wait(high + high_unit)
    except ValueError as error:
        raise ValueError(f"{value!r} is not a think time; {THINK_ALLOWED}") from error
    if low_unit and not high_unit:
        raise ValueError(f'{value!r} gives no unit to {high}; write "{low}{low_unit}-{high}{low_unit}"')
    return _uniform(*ends)


def _uniform(low: int, high: int) -> dict[str, Any]:
    if low > high:
        raise ValueError(f"the range begins at {format_duration(low)} and ends before it, at {format_duration(high)}")
    return {"distribution": "uniform", "low": low, "high": high}


def _read_distribution(value: dict[str, Any]) -> dict[str, Any]:
    distribution = value.get("distribution")
    if distribution not in DISTRIBUTIONS:
        hint = nearest(str(distribution), tuple(DISTRIBUTIONS))
        raise ValueError(
            f"distribution {distribution!r} is not one of {listed(tuple(DISTRIBUTIONS))}; {hint}".rstrip("; ")
        )
    for key in value:
        if key not in THINK_KEYS:
            raise ValueError(f"unknown key {key!r}; allowed: {listed(THINK_KEYS)}")
    needed = DISTRIBUTIONS[distribution]
    if missing := [key for key in needed if key not in value]:
        raise ValueError(f"a think time with distribution {distribution} needs {' and '.join(missing)}")
    allowed = {"distribution", "max", *needed}
    if extra := [key for key in value if key not in allowed]:
        raise ValueError(f"{extra[0]} means nothing to distribution {distribution}; it takes {listed(needed)} and max")
    times = {key: _read_time(key, time) for key, time in value.items() if key != "distribution"}
    if distribution == "uniform":
        _uniform(times["low"], times["high"])
    if distribution == "lognormal" and times["mean"] == 0:
        raise ValueError("the mean of a lognormal think time is above 0")
    return {"distribution": distribution, **times}


def _read_time(key: str, value: Any) -> int:
    try:
        return read_wait(value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


class ThinkTime(Model):
    """A wait; times in ns. `constant` uses mean, `uniform` low and high; the others mean, stddev and max (a cap)."""

    distribution: Literal["constant", "uniform", "exponential", "normal", "lognormal"]
    low: int = 0
    high: int = 0
    mean: int = 0
    stddev: int = 0
    max: int | None = None


Wait = Annotated[ThinkTime, BeforeValidator(read_think_time)]
"""A think time as people write it: `"3s"`, `"2-5s"`, or a distribution."""
