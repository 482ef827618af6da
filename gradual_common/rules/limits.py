"""The limit of a rule: what is measured decides its unit, and a limit in another unit is told which one to write."""

from __future__ import annotations

import re

from gradual_common.errors import UnitError
from gradual_common.rules.rule import METRIC_SERIES, WATCH, Unit
from gradual_common.rules.value import RuleValue
from gradual_common.units import read_duration

NUMBER = re.compile(r"\d+(?:\.\d+)?")

UNITS: dict[Unit, tuple[str, str, str]] = {
    "ns": ("a time", "with its unit", "ms"),
    "%": ("a share", "with its unit", "%"),
    "/s": ("a rate", "with its unit", "/s"),
    "users": ("a number of users", "with its unit", " users"),
    "": ("a count", "without a unit", ""),
}
"""What a unit measures, how a limit in it is written, and the ending of an example."""


def read_amount(text: str, unit: Unit) -> float | None:
    """A limit as a number of `unit`; None if it is written in another unit."""
    if unit == "ns":
        try:
            return float(read_duration(text))
        except UnitError:
            return None
    number = text.removesuffix(unit)
    return float(number) if text.endswith(unit) and NUMBER.fullmatch(number) else None


def unit_of_watch(limit: str) -> Unit:
    """The unit of a limit of a watch: `%` and `/s` are written, other units are not."""
    return "%" if limit.endswith("%") else "/s" if limit.endswith("/s") else ""


def describe_limit(value: RuleValue, found: str) -> str:
    """Which unit a limit needs, with the number that was found as the example."""
    what, how, ending = UNITS[value.unit]
    if value.series == METRIC_SERIES and not value.unit:
        what = "a number of the metric's own unit"
    if value.series == WATCH and not value.unit:
        what = "a number of the watch's own unit, which only % and /s are written with"
    digits = NUMBER.match(found)
    number = digits[0] if digits else "1"
    if value.unit == "%" and float(number) < 1:
        number = f"{float(number) * 100:g}"
    return f"{value.name} is {what}: write the limit {how}, such as {number}{ending}"
