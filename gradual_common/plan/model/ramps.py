"""Ramps as people write them."""

from __future__ import annotations

import ast
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gradual_common.language.model import BareDuration, Count, Model, PositiveCount, read_whole, short_form
from gradual_common.language.wording import kind_of, listed, nearest

STRATEGIES = ("additive", "multiplicative", "linear", "levels")
SHORTHANDS = ("additive", "multiplicative")
RAMP_KEYS = ("ramp_up", "ramp", "ramp_config")
PLAIN_VALUES = (str, bool, int, float, list, tuple, set, dict)


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


class AdditiveRamp(Model):
    """`min(max, initial + increment·k)`, k = ⌊t/interval⌋."""

    strategy: Literal["additive"]
    initial: Count | None = None
    increment: PositiveCount
    interval: BareDuration
    max_concurrency: PositiveCount | None = None


class MultiplicativeRamp(Model):
    """`min(max, round_half_up(initial·multiplier^k))`, k = ⌊t/interval⌋."""

    strategy: Literal["multiplicative"]
    initial: PositiveCount | None = None
    multiplier: Annotated[float, Field(gt=1), BeforeValidator(read_whole)]
    interval: BareDuration
    max_concurrency: PositiveCount | None = None


class LinearRamp(Model):
    """`initial + round_half_up((max − initial)·min(1, t/over))`, changing at most once a second."""

    strategy: Literal["linear"]
    initial: Count | None = None
    over: BareDuration | None = None
    max_concurrency: Count | None = None


class RampLevel(Model):
    """A stretch of constant concurrency; the last one holds to the end, with or without `for`."""

    concurrency: Count
    for_: BareDuration | None = Field(default=None, alias="for")


class LevelsRamp(Model):
    """Given levels, up or down."""

    strategy: Literal["levels"]
    levels: Annotated[tuple[RampLevel, ...], Field(min_length=1)]

    @field_validator("levels")
    @classmethod
    def _check_lengths(cls, levels: tuple[RampLevel, ...]) -> tuple[RampLevel, ...]:
        for number, level in enumerate(levels[:-1], start=1):
            if level.for_ is None:
                raise ValueError(f"level {number} of {len(levels)} needs `for`: only the last may hold to the end")
        return levels


class ShorthandRamp(Model):
    """`"additive"` or `"multiplicative"` alone: ten equal steps, or doublings over half the phase."""

    strategy: Literal["additive", "multiplicative"]

    @model_validator(mode="before")
    @classmethod
    def _read_name(cls, value: Any) -> Any:
        return short_form("strategy")(value)


Ramp: TypeAlias = AdditiveRamp | MultiplicativeRamp | LinearRamp | LevelsRamp | ShorthandRamp

WrittenRamp = Annotated[
    Annotated[AdditiveRamp, Tag("additive")]
    | Annotated[MultiplicativeRamp, Tag("multiplicative")]
    | Annotated[LinearRamp, Tag("linear")]
    | Annotated[LevelsRamp, Tag("levels")]
    | Annotated[ShorthandRamp, Tag("shorthand")],
    Discriminator(ramp_kind),
    BeforeValidator(raise_mistake),
]
"""A ramp, read by the model of its strategy alone, so that a mistake is told once."""


class Ramped(Model):
    """What may carry a ramp. `ramp` holds it, whichever way it was written; the other two are as written."""

    ramp_up: Any = None
    ramp_config: Any = None
    ramp: WrittenRamp | None = None

    @model_validator(mode="before")
    @classmethod
    def _fold_ramp(cls, value: Any) -> Any:
        return fold_ramp(value)
