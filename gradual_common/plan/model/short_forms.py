"""The short forms of the plan language: from what people write to the fields of the model.

Every reader takes a value as YAML gave it, returns plain values, and raises ValueError with a message that says what
is allowed. What is normalised already passes through.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from pydantic_core import PydanticCustomError

from gradual_common.plan.reading.document import listed, nearest
from gradual_common.plan.reading.yaml import kind_of
from gradual_common.secrecy.excerpts import cut, shown
from gradual_common.units import format_duration, read_wait

STRATEGIES = ("additive", "multiplicative", "linear", "levels")
SHORTHANDS = ("additive", "multiplicative")
RAMP_KEYS = ("ramp_up", "ramp", "ramp_config")
PLAIN_VALUES = (str, bool, int, float, list, tuple, set, dict)

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


def short_form(key: str) -> Any:
    """A reader that takes a text for the mapping {key: text}: `login` for {action: login}."""

    def read(value: Any) -> Any:
        return {key: value} if isinstance(value, str) else value

    return read


def read_name(value: Any) -> Any:
    """A name is text; `404` and `true` are told apart from "404" and "true"."""
    if isinstance(value, bool | int | float):
        raise ValueError(f'{shown(value)} is not text; quote it: "{cut(str(value))}"')
    return value


def read_whole(value: Any) -> Any:
    """A whole number is no boolean."""
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a whole number")
    return value


# ── Think times ────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── Ramps ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class RampMistakeError(ValueError):
    """A ramp that cannot be read; `key`: which of the keys that may hold it is wrong."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def fold_ramp(owner: Any) -> Any:
    """Put the ramp that stands under `ramp_up`, `ramp` or `ramp_config` under `ramp`, or the mistake in it."""
    if not isinstance(owner, dict) or not any(key in owner for key in RAMP_KEYS):
        return owner
    try:
        return {**owner, "ramp": read_ramp(owner)[0]}
    except RampMistakeError as mistake:
        # Told where the ramp itself is validated, so that the other keys of the owner are validated as well.
        return {**owner, "ramp": mistake}


def raise_mistake(ramp: Any) -> Any:
    """Tell the mistake that `fold_ramp` kept."""
    if isinstance(ramp, RampMistakeError):
        raise PydanticCustomError("ramp", "{message}", {"message": str(ramp), "key": ramp.key})
    return ramp


def read_ramp(owner: dict[str, Any]) -> tuple[Any, str]:
    """The ramp as a mapping with its strategy, or a shorthand's name, and the key under which it was written.

    RampMistakeError where they do not fit together.
    """
    key = "ramp" if owner.get("ramp") is not None else "ramp_up"
    if key == "ramp" and owner.get("ramp_up") is not None:
        raise RampMistakeError("ramp", "ramp_up and ramp are two names for one thing; keep one of them")
    up, config = read_literal(owner.get(key), key), read_literal(owner.get("ramp_config"), "ramp_config")
    if up is None and config is None:
        return None, key
    if config is None:
        return (_alone(up, key) if isinstance(up, PLAIN_VALUES) else up), key
    return _beside(up, key, config), "ramp_config"


def _alone(up: Any, key: str) -> Any:
    if isinstance(up, dict):
        return _with_strategy(up, key)
    if not isinstance(up, str):
        raise RampMistakeError(key, f"a strategy or a mapping with one is expected; found {kind_of(up)}")
    _check_strategy(up, key)
    if up == "levels":
        raise RampMistakeError(key, "levels needs a list: {strategy: levels, levels: [{concurrency: 50, for: 1m}, …]}")
    return up if up in SHORTHANDS else {"strategy": up}


def _beside(up: Any, key: str, config: Any) -> Any:
    """`ramp_config`, with the strategy's name in `ramp_up` or without."""
    if not isinstance(config, dict):
        raise RampMistakeError(
            "ramp_config", f"a mapping is expected, such as {{strategy: additive, …}}; found {kind_of(config)}"
        )
    if up is None:
        return _with_strategy(config, "ramp_config")
    if not isinstance(up, str):
        raise RampMistakeError(key, f"{key} is written out here and ramp_config stands beside it; keep one of them")
    _check_strategy(up, key)
    strategy = config.get("strategy", up)
    if strategy != up:
        raise RampMistakeError("ramp_config", f"the strategy is {strategy!r} here and {up!r} in {key}; they must agree")
    return {**config, "strategy": strategy}


def _with_strategy(ramp: dict[str, Any], key: str) -> dict[str, Any]:
    if "strategy" not in ramp:
        raise RampMistakeError(key, f"strategy is missing; allowed: {listed(STRATEGIES)}")
    _check_strategy(ramp["strategy"], key)
    return ramp


def _check_strategy(strategy: Any, key: str) -> None:
    if strategy not in STRATEGIES:
        hint = nearest(str(strategy), STRATEGIES)
        text = f"{strategy!r} is not a strategy; allowed: {listed(STRATEGIES)}; {hint}"
        raise RampMistakeError(key, text.rstrip("; "))


def read_literal(value: Any, key: str) -> Any:
    """A mapping written as a Python literal in quotes is read as one."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        return ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise RampMistakeError(key, f"{value!r} is neither a strategy nor a mapping") from error


def ramp_kind(value: Any) -> str:
    """Which model a folded ramp is read by."""
    if isinstance(value, str):
        return "shorthand"
    if isinstance(value, dict):
        return str(value.get("strategy"))
    return "shorthand" if type(value).__name__ == "ShorthandRamp" else str(getattr(value, "strategy", ""))


# ── Names and requests ─────────────────────────────────────────────────────────────────────────────────────────────


def name_steps(names: list[str]) -> list[str]:
    """The names of a group's steps in order, made unique: `login`, `login#2`, …."""
    written = set(names)
    used: dict[str, None] = {}
    for name in names:
        given, number = name, 1
        while given in used or (number > 1 and given in written):
            number += 1
            given = f"{name}#{number}"
        used[given] = None
    return list(used)


def read_method(value: Any) -> str:
    """An HTTP method, in capitals."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z-]*", value) and value.upper() != "CONNECT":
        return value.upper()
    raise ValueError(f"{value!r} is not an HTTP method; allowed: GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, …")


def check_header_value(value: Any) -> Any:
    """A header's value is one text, number or boolean."""
    if value is None or isinstance(value, dict | list):
        raise ValueError(f"a header's value is text; found {kind_of(value)}")
    if isinstance(value, str) and any(character in value for character in "\r\n\0"):
        raise ValueError("a header's value holds no line end")
    return value
