"""Custom metrics of a plan: how `basket: {json: total, unit: EUR}` is read, and how its values become integers.

A histogram counts integers of nanoseconds, from 1 µs to an hour within 0.55 % (`histogram`). A value is counted as that
many microseconds as it has steps of the metric's resolution: with the resolution 0.01, 19.99 EUR are 1,999 steps. So
sums are exact in steps, and merging is as exact as that of times. What is negative, or more than `MAX_STEPS` steps,
is counted as out of range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from gradual_common.kinds.values.lookups import LOOKUPS
from gradual_common.kinds.values.numerals import is_number, number_in
from gradual_common.language.model import NAME, Flag, Fragment, Model
from gradual_common.language.wording import kind_of, listed, nearest
from gradual_common.templates.trees import is_template

NS_PER_STEP = 1000
MAX_STEPS = 3_600_000_000
"""An hour of microseconds."""

DEFAULT_RESOLUTION = 0.001
VALUE = "value"
"""The source of a number, or of a template."""

_SETTINGS = ("type", "unit", "resolution", "required")


class Metric(Model):
    """An entry of an action's `record`: what is recorded of each of its successes."""

    type: Literal["histogram", "counter"] = "histogram"
    """A histogram has percentiles; a counter adds up."""

    source: Literal["", "value", "json", "regex", "xpath", "css", "header", "cookie"] = ""
    """Where its values are; "" for a counter of successes, and for what code records."""

    expression: str = ""
    """What is looked up; of `value`, a number or a template."""

    unit: str = ""
    """Of its values, for reports."""

    resolution: Annotated[float, Field(gt=0)] = DEFAULT_RESOLUTION
    """Values are rounded to a multiple of it; default: 0.001."""

    required: Flag = False
    """Whether a missing value fails the action."""


@dataclass(frozen=True, slots=True, eq=False)
class WrittenMetric:
    """Marks a value as a metric from one of these `sources`."""

    sources: Sequence[str]
    by_code: bool = False
    """Whether the action's own code may record it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Fragment:
        settings = Metric.model_json_schema()["properties"]
        keys: Fragment = {name: {key: settings[name][key] for key in ("type", "enum") if key in settings[name]}
                          for name in _SETTINGS}  # fmt: skip
        if self.by_code:
            return {"type": "object", "properties": keys, "additionalProperties": False}
        keys |= {VALUE: {"type": ["string", "number"]}, **dict.fromkeys(self.sources, NAME)}
        written: Fragment = {"type": "object", "properties": keys, "additionalProperties": False}
        return {"anyOf": [{"type": "string", "pattern": f"^({'|'.join(self.sources)}):"}, written]}

    def read(self, value: Any) -> Any:
        """`"json: total"`, {json: total, unit: EUR}, {value: "{{n}}"} or {type: counter} → the fields of a Metric."""
        allowed = f"write {{json: total, unit: EUR}}; one of {listed((*self.sources, VALUE))} says what is recorded"
        if isinstance(value, str):
            source, _, expression = value.partition(":")
            value = {source.strip(): expression.strip()}
        if not isinstance(value, dict):
            if isinstance(value, Model):
                return value
            raise ValueError(f"{kind_of(value)} is not a metric; {allowed}")
        if "source" in value and "expression" in value:
            return value
        if self.by_code and (unknown := [key for key in value if key not in _SETTINGS]):
            raise ValueError(f"unknown key {unknown[0]!r}; the code records the values; allowed: {listed(_SETTINGS)}")
        settings = {key: entry for key, entry in value.items() if key in _SETTINGS}
        found = [key for key in value if key not in _SETTINGS]
        if unknown := [key for key in found if key not in self.sources and key != VALUE]:
            hint = nearest(unknown[0], (*self.sources, VALUE, *_SETTINGS))
            raise ValueError(f"unknown key {unknown[0]!r}; {hint or allowed}")
        if len(found) > 1:
            raise ValueError(f"a metric has one source; found {listed(found)}")
        if not found:
            if value.get("type") != "counter" and not self.by_code:
                raise ValueError(f"what is recorded is missing; {allowed}")
            return settings
        return {**settings, "source": found[0], "expression": _read_expression(found[0], value[found[0]])}


def _read_expression(source: str, written: Any) -> str:
    if source != VALUE:
        if not isinstance(written, str) or not written:
            raise ValueError(f"{source} takes an expression; found {kind_of(written)}")
        LOOKUPS[source].check(written)
        return written
    if not is_number(written) and not (isinstance(written, str) and (is_template(written) or _is_numeral(written))):
        raise ValueError(f'value is a number or a template, such as "{{{{row.price}}}}"; found {kind_of(written)}')
    return str(written)


def _is_numeral(text: str) -> bool:
    return is_number(number_in(text))


def as_number(value: Any) -> float | None:
    """A number, also one that is written as a text; None for anything else."""
    number = number_in(value) if isinstance(value, str) else value
    return number if is_number(number) else None


def steps_of(value: float, resolution: float) -> int:
    """The nearest whole number of steps; −1 for what is out of range."""
    try:
        steps = value / resolution
    except OverflowError:
        return -1
    if not isfinite(steps) or not 0 <= steps <= MAX_STEPS:
        return -1
    return round(steps)


def value_of(steps: int, resolution: float) -> float:
    """The number that has so many steps: 1,999 steps of 0.01 are 19.99, not 19.990000000000002."""
    return float(steps * Decimal(repr(resolution)))
