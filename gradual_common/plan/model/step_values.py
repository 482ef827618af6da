"""What the settings of steps are: expressions, numbers of passes, what happens after a failure."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from gradual_common.errors import TemplateError
from gradual_common.language.model import Duration as Delay
from gradual_common.language.model import (
    Fragment,
    Model,
    Name,
    read_whole,
    scalar,
)
from gradual_common.language.steps import RANGE
from gradual_common.language.wording import kind_of
from gradual_common.secrecy.quoting import quoted
from gradual_common.templates.templates import Condition

MAX_PASSES = 1_000_000
"""Of one loop. More is a mistake: the ramp says how long a user repeats its iteration."""

MAX_ATTEMPTS = 100

MAX_CONNECTIONS = 64
"""Of one user to one server in a `parallel` step; browsers open 6."""

OnFailure: TypeAlias = Literal["continue", "end_iteration", "end_user", "abort_run"]
"""What happens when a step has failed."""

_LIKE_A_NUMBER = re.compile(r"\s*[-+]?\d")

EXPRESSION: Fragment = {"type": "string", "minLength": 1}


def _read_expression(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return value


Expression = Annotated[str, Field(min_length=1), BeforeValidator(_read_expression), scalar(EXPRESSION)]
"""A Jinja expression, with or without braces."""


def _read_passes(value: Any) -> Any:
    """A number of passes, a range as (low, high), or an expression."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{kind_of(value)} is no number of passes; {PASSES}")
    if isinstance(value, str) and (match := RANGE.fullmatch(value.strip())):
        low, high = int(match[1]), int(match[2])
        if low > high:
            raise ValueError(f"{quoted(value)}: the lower number comes first")
        return (_limited(low), _limited(high))
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, str) and _is_unreadable_number(value):
        raise ValueError(f"{quoted(value)} is no number of passes; {PASSES}")
    return _limited(value) if isinstance(value, int) else value


def _is_unreadable_number(text: str) -> bool:
    """Whether a text begins like a number, but is no expression either: `5 times`, `2-`."""
    if not _LIKE_A_NUMBER.match(text):
        return False
    try:
        Condition(text)
    except TemplateError:
        return True
    return False


def _limited(passes: int) -> int:
    if not 0 <= passes <= MAX_PASSES:
        raise ValueError(f"{passes} is not from 0 to {MAX_PASSES:,}")
    return passes


PASSES = 'write 5, "2-5", or an expression such as "{{ user.orders }}"'

Passes = Annotated[
    int | tuple[int, int] | str,
    BeforeValidator(_read_passes),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0, "maximum": MAX_PASSES}, EXPRESSION]}),
]
"""How often steps are repeated: a number, a range as (low, high), or an expression."""


class FlowModel(Model):
    """A step of the flow. Its fields have the names of keys only: `condition` beside `while` is unknown."""

    model_config = ConfigDict(populate_by_name=False)


class Retry(Model):
    """When and how often a failed action is performed again, as a part of the same sample."""

    attempts: Annotated[int, Field(ge=2, le=MAX_ATTEMPTS), BeforeValidator(read_whole)]
    """How often the action is performed at most, the first time included."""

    delay: Delay = 0
    """The wait before the second attempt."""

    backoff: Annotated[float, Field(ge=1, le=100)] = 1.0
    """Each wait is this many times as long as the one before."""

    on: Annotated[tuple[Name, ...], Field(min_length=1)] = ("connect", "timeout", "5xx")
    """Which failures: names of failure kinds, and status codes such as 503 or "5xx"."""

    @model_validator(mode="before")
    @classmethod
    def _read_codes(cls, value: Any) -> Any:
        """Status codes may be written as numbers."""
        if not isinstance(value, dict) or not isinstance(value.get("on"), list):
            return value
        is_number = [isinstance(entry, int) and not isinstance(entry, bool) for entry in value["on"]]
        return {**value, "on": [str(e) if number else e for e, number in zip(value["on"], is_number, strict=True)]}
