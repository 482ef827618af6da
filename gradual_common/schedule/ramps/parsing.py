"""The ramp strategies, and ramps as people write them: under `ramp_up`, `ramp` or `ramp_config`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Annotated, Any

from gradual_common.language.document import EACH, Path, attempt, places
from gradual_common.language.model import VARIABLE, AlsoWritten, OneOf, by_name
from gradual_common.language.wording import kind_of, listed, nearest
from gradual_common.schedule.ramps.additive import AdditiveRamp
from gradual_common.schedule.ramps.find_capacity import FindCapacityRamp
from gradual_common.schedule.ramps.levels import LevelsRamp
from gradual_common.schedule.ramps.linear import LinearRamp
from gradual_common.schedule.ramps.multiplicative import MultiplicativeRamp
from gradual_common.schedule.ramps.ramp import Curve, Ramp, Scale

STRATEGIES: dict[str, type[Ramp]] = by_name(
    "strategy", AdditiveRamp, MultiplicativeRamp, LinearRamp, LevelsRamp, FindCapacityRamp
)
"""The strategies by name; a new one is added here."""

RAMP_KEYS = ("ramp_up", "ramp", "ramp_config")

_ALONE = [name for name, strategy in STRATEGIES.items() if attempt(lambda ramp: ramp.alone(), strategy) is not None]

WrittenRamp = Annotated[
    Ramp, OneOf("strategy", STRATEGIES), AlsoWritten(({"type": "string", "enum": _ALONE}, VARIABLE))
]
"""A ramp, read by the model of its strategy."""


class RampMistakeError(ValueError):
    """A ramp that cannot be read; `key` is the wrong one of `RAMP_KEYS`."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def trace(ramp: Ramp | None, users: int, duration: int | None, before: int = 0) -> Curve:
    """The curve of `ramp` for a phase of `users` (N) that lasts `duration` ns; None: until all iterations are done.

    `before`: the target at which the last phase ended. Where it is above 0, it is the default of `initial`, N at most.
    Raises ValueError for what the plan's checks refuse: a ramp above N, a ramp of more than MAX_RAMP_STEPS intervals, a
    ramp that needs a duration in a phase without one.
    """
    if ramp is None:
        return Curve(((0, users),), users)
    curve = ramp.trace(users, duration, min(before, users))
    if curve.peak > users:
        raise ValueError(f"the ramp rises to {curve.peak} users where the groups have {users}; raise a `concurrency`")
    return curve


def ramps_in(root: Any) -> Iterator[tuple[Path, Any]]:
    """Every ramp of a plan as written, with its path: in the config, in a phase or in a group."""
    for owner in (("config",), ("config", "phases", EACH), ("users", EACH)):
        for key in RAMP_KEYS:
            yield from places(root, *owner, key)


def scale_ramp(owner: dict[str, Any], scale: Scale) -> None:
    """Scale the numbers of users in the ramp of a config, a phase or a group."""
    # The strategy may be written under another key than its settings (`ramp_up: additive` and `ramp_config: {…}`), and
    # the settings may be a Python literal in quotes. So the literals are read first, then the strategy is looked up
    # under all keys, and then its settings are scaled.
    for key in RAMP_KEYS:
        if isinstance(owner.get(key), str):
            owner[key] = attempt(lambda text: read_literal(text, ""), owner[key]) or owner[key]
    strategies = [ramp.get("strategy") if isinstance(ramp := owner.get(key), dict) else ramp for key in RAMP_KEYS]
    strategy = next((STRATEGIES[name] for name in strategies if isinstance(name, str) and name in STRATEGIES), None)
    for key in RAMP_KEYS:
        if strategy is not None and isinstance(ramp := owner.get(key), dict):
            strategy.scale(ramp, scale)


def read_ramp(owner: dict[str, Any]) -> tuple[Any, str]:
    """The ramp as a mapping with its strategy, or as a model, and the key under which it was written.

    RampMistakeError where they do not fit together.
    """
    key = "ramp" if owner.get("ramp") is not None else "ramp_up"
    if key == "ramp" and owner.get("ramp_up") is not None:
        raise RampMistakeError("ramp", "ramp_up and ramp are two names for one thing; keep one of them")
    up, config = read_literal(owner.get(key), key), read_literal(owner.get("ramp_config"), "ramp_config")
    if up is None and config is None:
        return None, key
    if config is None:
        return _alone(up, key), key
    return _beside(up, key, config), "ramp_config"


def _alone(up: Any, key: str) -> Any:
    if isinstance(up, Ramp):
        return up
    if isinstance(up, dict):
        return _with_strategy(up, key)
    if not isinstance(up, str):
        raise RampMistakeError(key, f"a strategy or a mapping with one is expected; found {kind_of(up)}")
    strategy = _strategy(up, key)
    try:
        return strategy.alone()
    except ValueError as error:
        raise RampMistakeError(key, str(error)) from error


def _beside(up: Any, key: str, config: Any) -> Any:
    """The ramp in `ramp_config`; its strategy may be written in `ramp_up`."""
    if not isinstance(config, dict):
        raise RampMistakeError(
            "ramp_config", f"a mapping is expected, such as {{strategy: additive, …}}; found {kind_of(config)}"
        )
    if up is None:
        return _with_strategy(config, "ramp_config")
    if not isinstance(up, str):
        raise RampMistakeError(
            key, f"{key} is written out here, which cannot be used together with ramp_config; keep one of them"
        )
    _strategy(up, key)
    strategy = config.get("strategy", up)
    if strategy != up:
        raise RampMistakeError("ramp_config", f"the strategy is {strategy!r} here and {up!r} in {key}; they must agree")
    return {**config, "strategy": strategy}


def _with_strategy(ramp: dict[str, Any], key: str) -> dict[str, Any]:
    if "strategy" not in ramp:
        raise RampMistakeError(key, f"strategy is missing; allowed: {listed(STRATEGIES)}")
    _strategy(ramp["strategy"], key)
    return ramp


def _strategy(name: Any, key: str) -> type[Ramp]:
    if not isinstance(name, str) or name not in STRATEGIES:
        hint = nearest(str(name), STRATEGIES)
        raise RampMistakeError(key, f"{name!r} is not a strategy; allowed: {listed(STRATEGIES)}; {hint}".rstrip("; "))
    return STRATEGIES[name]


def read_literal(value: Any, key: str) -> Any:
    """A mapping that is written as a Python literal in quotes becomes a mapping; any other value stays as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        return ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise RampMistakeError(key, f"{value!r} is neither a strategy nor a mapping") from error
