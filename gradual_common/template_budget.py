"""How much one rendering of a template may do, and what asks before it makes more than it was given.

What a response or a data row holds may stand anywhere in a template (`'x' * response.json.n`), and a rendering runs in
an agent's loop: so each may make `MOST_TEXT` characters and take `MOST_STEPS` steps (calls and turns of loops), and
numbers have at most `MOST_BITS` bits. What would go beyond is not begun: the error says which limit it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from jinja2.runtime import Context
from jinja2.utils import missing

from gradual_common.errors import TemplateError

MOST_TEXT = 32 * 1024 * 1024
MOST_STEPS = 20_000
"""Some 40 ms of the loop."""

MOST_BITS = 65_536
MOST_DIGITS = 100
"""Of a rounding."""

_MARK = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(\d+|\*)?(?:\.(\d+|\*))?")
"""A conversion of `%`, its width and its precision."""


class BoundedContext(Context):
    """The budget of one rendering, and its names: in the scope as it is, then among the functions.

    No dictionary is copied for a rendering.
    """

    steps = 0
    size = 0

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        return self.environment.globals.get(key, missing)

    def step(self) -> None:
        """One more step; TemplateError when there were too many."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TemplateError(f"it takes more than {MOST_STEPS:,} steps (turns of loops, and calls)")

    def make(self, size: int) -> None:
        """So many characters or items more; TemplateError when they are too many."""
        self.size += max(0, size)
        if self.size > MOST_TEXT:
            raise TemplateError(f"it makes more than {MOST_TEXT:,} characters")


def _check_product(context: BoundedContext, left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, str | bytes | list | tuple) and isinstance(times, int):
            context.make(len(sequence) * times)


def _check_power(context: BoundedContext, left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * max(0, right))


def _check_bits(bits: int) -> None:
    if bits > MOST_BITS:
        raise TemplateError(f"a number has more than {MOST_BITS:,} bits")


def _check_sum(context: BoundedContext, left: Any, right: Any) -> None:
    if isinstance(left, str | bytes | list | tuple) and isinstance(right, str | bytes | list | tuple):
        context.make(len(left) + len(right))


def _check_percent(context: BoundedContext, left: Any, right: Any) -> None:
    """`"%5d" % n`: each mark may show the largest of the values, as wide as it says."""
    if not isinstance(left, str | bytes):
        return
    text = left if isinstance(left, str) else left.decode("latin-1")
    marks = _MARK.findall(text)
    if "*" in (part for mark in marks for part in mark):
        raise TemplateError("a width that is given by * is not allowed")
    widths = " ".join(part for mark in marks for part in mark)
    check_widths(widths)
    values: Iterable[Any] = right if isinstance(right, tuple) else [right]
    if isinstance(right, Mapping):
        values = right.values()
    largest = max((_size_of(value) for value in values), default=0)
    context.make(len(text) + len(marks) * largest + sum(map(int, widths.split())))


def _size_of(value: Any) -> int:
    """About how many characters a value has as text."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, int):
        return value.bit_length() // 3 + 2
    if isinstance(value, Mapping):
        return sum(_size_of(part) for part in chain.from_iterable(value.items())) + 6 * len(value)
    if isinstance(value, list | tuple):
        return sum(map(_size_of, value)) + 4 * len(value)
    return 32


def check_widths(specification: str) -> None:
    """No width or precision that alone is more than is allowed; `int` of very many digits is refused as well."""
    for width in re.findall(r"\d+", specification):
        if len(width) > len(str(MOST_TEXT)) or int(width) > MOST_TEXT:
            raise TemplateError(f"a width is more than {MOST_TEXT:,} characters")


OPERATORS: Mapping[str, Callable[[BoundedContext, Any, Any], None]] = {
    "*": _check_product,
    "**": _check_power,
    "+": _check_sum,
    "%": _check_percent,
}


Check = Callable[..., Sequence[Any] | None]
"""Takes the context, the value and the arguments; what it returns takes the place of the arguments."""


def _check_width(context: BoundedContext, value: Any, width: Any = 0, *_: Any, **__: Any) -> None:
    """`ljust(width)` and its like; also a number of items."""
    if isinstance(width, int):
        context.make(width)


def _check_tabs(context: BoundedContext, value: Any, tabsize: Any = 8, *_: Any) -> None:
    if isinstance(tabsize, int):
        context.make(len(value) * max(1, tabsize))


def _check_replacement(context: BoundedContext, value: Any, old: Any = "", new: Any = "", *_: Any, **__: Any) -> None:
    text = value if isinstance(value, str | bytes) else str(value)
    if isinstance(old, type(text)) and isinstance(new, str | bytes):
        context.make(len(text) + text.count(old) * len(new))  # type: ignore[arg-type]  # both texts, or both bytes


def _check_joining(context: BoundedContext, value: Any, items: Any = (), *_: Any) -> Sequence[Any]:
    """The items are read once, and counted."""
    read = []
    for item in items:
        context.step()
        context.make(len(value) + (len(item) if isinstance(item, str | bytes) else 0))
        read.append(item)
    return (read,)


def _check_translation(context: BoundedContext, value: Any, table: Any = None, *_: Any) -> None:
    if isinstance(table, Mapping):
        context.make(len(value) * max((len(entry) for entry in table.values() if isinstance(entry, str)), default=1))


def _check_indent(context: BoundedContext, value: Any, width: Any = 4, *_: Any, **__: Any) -> None:
    wide = width if isinstance(width, int) else len(str(width))
    context.make(len(str(value)) + (str(value).count("\n") + 1) * max(0, wide))


def _check_wrapping(context: BoundedContext, value: Any, *args: Any, **kwargs: Any) -> None:
    with_text = kwargs.get("wrapstring") or (args[2] if len(args) > 2 else None) or ""
    context.make(len(value) * max(1, len(with_text)))


def _check_rounding(context: BoundedContext, value: Any, precision: Any = 0, *_: Any, **__: Any) -> None:
    if isinstance(precision, int) and abs(precision) > MOST_DIGITS:
        raise TemplateError(f"round: at most {MOST_DIGITS} digits")


def _check_format(context: BoundedContext, value: Any, *args: Any, **kwargs: Any) -> None:
    _check_percent(context, str(value), kwargs or args)


def _check_groups(context: BoundedContext, value: Any, number: Any = 0, *args: Any, **kwargs: Any) -> None:
    """`slice(n)` makes n lists, `batch(n, fill)` fills one up to n."""
    if isinstance(kwargs.get("slices", kwargs.get("linecount", number)), int):
        context.make(kwargs.get("slices", kwargs.get("linecount", number)))


METHODS: Mapping[str, Check] = {
    **dict.fromkeys(("ljust", "rjust", "center", "zfill", "to_bytes"), _check_width),
    "expandtabs": _check_tabs,
    "replace": _check_replacement,
    "join": _check_joining,
    "translate": _check_translation,
}

FILTERS: Mapping[str, Check] = {
    "center": _check_width,
    "indent": _check_indent,
    "wordwrap": _check_wrapping,
    "replace": _check_replacement,
    "format": _check_format,
    "round": _check_rounding,
    "slice": _check_groups,
    "batch": _check_groups,
}
