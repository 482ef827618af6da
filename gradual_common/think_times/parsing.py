"""The distributions, and think times as people write them."""

from __future__ import annotations

from typing import Annotated, Any, get_type_hints

from pydantic import BeforeValidator

from gradual_common.language.model import AlsoWritten, OneOf, by_name, parts_of
from gradual_common.language.wording import kind_of, listed, nearest
from gradual_common.think_times.constant import ConstantTime
from gradual_common.think_times.exponential import ExponentialTime
from gradual_common.think_times.lognormal import LognormalTime
from gradual_common.think_times.normal import NormalTime
from gradual_common.think_times.think_time import ThinkTime, Time
from gradual_common.think_times.uniform import UniformTime
from gradual_common.units import read_wait

DISTRIBUTIONS: dict[str, type[ThinkTime]] = by_name(
    "distribution", ConstantTime, UniformTime, ExponentialTime, NormalTime, LognormalTime
)
"""The distributions by name; a new one is added here."""

ALLOWED = 'write "3s", "2-5s", or {distribution: exponential, mean: "3s"}'

_COMMON = tuple(ThinkTime.model_fields)


def read_think_time(value: Any) -> Any:
    """A short form, such as `"3s"`, `3` or `"2-5s"`, or a mapping → the fields of a distribution's model, in ns."""
    if isinstance(value, dict):
        return _read_mapping(value)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        for model in DISTRIBUTIONS.values():
            if (fields := model.read_short(value)) is not None:
                return fields
        raise ValueError(f"{value!r} is not a think time; {ALLOWED}")
    if value is None or isinstance(value, bool | list):
        raise ValueError(f"{kind_of(value)} is not a think time; {ALLOWED}")
    return value


def _read_mapping(value: dict[str, Any]) -> dict[str, Any]:
    distribution = value.get("distribution")
    if not isinstance(distribution, str) or distribution not in DISTRIBUTIONS:
        hint = nearest(str(distribution), DISTRIBUTIONS)
        raise ValueError(f"distribution {distribution!r} is not one of {listed(DISTRIBUTIONS)}; {hint}".rstrip("; "))
    keys = dict.fromkeys(key for model in DISTRIBUTIONS.values() for key in _own_keys(model))
    known = ("distribution", *keys, "max")
    for key in value:
        if key not in known:
            raise ValueError(f"unknown key {key!r}; allowed: {listed(known)}")
    model = DISTRIBUTIONS[distribution]
    own = _own_keys(model)
    if missing := [key for key in own if model.model_fields[key].is_required() and key not in value]:
        raise ValueError(f"a think time with distribution {distribution} needs {' and '.join(missing)}")
    if extra := [key for key in value if key not in (*_COMMON, *own)]:
        raise ValueError(f"{extra[0]} means nothing to distribution {distribution}; it takes {listed(own)} and max")
    times = _times_of(model)
    return {key: _read_time(key, entry) if key in times else entry for key, entry in value.items()}


def _own_keys(model: type[ThinkTime]) -> list[str]:
    """The keys of a distribution, without those that all have."""
    return [key for key in model.model_fields if key not in _COMMON]


def _times_of(model: type[ThinkTime]) -> set[str]:
    """The keys whose values are times; a distribution may have others, such as a number."""
    return {key for key, hint in get_type_hints(model, include_extras=True).items() if Time in parts_of(hint)}


def _read_time(key: str, value: Any) -> int:
    try:
        return read_wait(value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


Wait = Annotated[
    ThinkTime,
    OneOf("distribution", DISTRIBUTIONS),
    BeforeValidator(read_think_time),
    AlsoWritten(({"type": ["string", "number"], "minimum": 0, "examples": ["3s", "2-5s"]},)),
]
"""A think time as people write it."""
