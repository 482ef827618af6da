"""Limits of one rendering of a template, and the checks that run before an operation makes a larger value.

A template may use values of a response or a data row anywhere (`'x' * response.json.n`), and it is rendered in the
agent's event loop. So a rendering has limits: `MAX_TEXT_LENGTH` characters, `MAX_RENDER_STEPS` steps (calls and turns
of loops), and `MAX_NUMBER_BITS` bits of a number. An operation that would exceed a limit does not start; the error
names the limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from itertools import chain
from typing import Any

from jinja2 import Undefined
from jinja2.runtime import Context
from jinja2.utils import missing

from gradual_common.errors import TemplateError

MAX_TEXT_LENGTH = 32 * 1024 * 1024
MAX_RENDER_STEPS = 20_000
"""About 40 ms of the event loop."""

MAX_FILTERED_ITEMS = 80_000
"""Items that filters read; about 100 ms of the event loop. For `in`, 50 items count as one."""

ITEMS_SEARCHED = 50
CHARACTERS_SEARCHED = 1000
"""So many take as long as one item in a filter."""

NODES_PRINTED = 10
"""`pprint` takes as long for one value as a filter for so many items."""

MAX_NESTED_VALUES = 500_000
"""Values in a list or mapping that becomes text. A list may hold another one many times, so a few lists can become
billions of values."""

MAX_NUMBER_BITS = 65_536
MAX_ROUND_DIGITS = 100
"""The precision of the filter `round`."""

_PLAIN = (str, int, float)
"""The types of most values, which hold no other values. A constant: `str | int` in place is built each time."""

_MARK = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(\d+|\*)?(?:\.(\d+|\*))?")
"""A conversion of `%`, its width and its precision."""


# Why each operation is checked before it runs: a rendering cannot be stopped. It is Python code in the agent's only
# event loop; a thread would not help while one operation holds the interpreter, and `'x' * 10**10` is one operation
# that takes all memory. So each operation that can make more than it was given is intercepted, and its size is computed
# from its operands.
#   Three counters, as there are three ways to take long: steps (each call and each turn of a loop costs about 2 µs),
# items walked (a filter such as `sort` goes through a whole list in one step), and characters made (memory, and the
# time to copy it). A rendering within the limits takes about 100 ms at most, in which other users wait; real templates
# are far below.
#   Numbers have a limit of their own: `2 ** 2 ** 30` is small as text, and a power is computed before anyone sees it.
#   What Jinja does without a call (loops, `~`, `in`) is rewritten into filters once a template is parsed (`sandbox`).


class BoundedContext(Context):
    """The budget of one rendering, and its names: in the scope as it is, then among the functions.

    No dictionary is copied for a rendering.
    """

    steps = 0
    walked = 0
    size = 0

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        return self.environment.globals.get(key, missing)

    def step(self) -> None:
        """Count a step; TemplateError if there were too many."""
        self.steps += 1
        if self.steps > MAX_RENDER_STEPS:
            raise TemplateError(f"it takes more than {MAX_RENDER_STEPS:,} steps (turns of loops, and calls)")

    def walk(self, count: int) -> None:
        """Count items that are read; TemplateError if there were too many."""
        self.walked += count
        if self.walked > MAX_FILTERED_ITEMS:
            raise TemplateError(f"more than {MAX_FILTERED_ITEMS:,} items go through its filters")

    def make(self, size: int) -> None:
        """Count characters or items that are made; TemplateError if there were too many."""
        self.size += max(0, size)
        if self.size > MAX_TEXT_LENGTH:
            raise TemplateError(f"it makes more than {MAX_TEXT_LENGTH:,} characters")


def check_nodes(value: Any) -> None:
    """Check that a value, with everything in it, can be written as text.

    TemplateError for a list or mapping with too many values. For an undefined or forbidden value in it, Jinja's error:
    in a list such a value is not noticed before it is used.
    """
    if isinstance(value, _PLAIN):
        return
    count, level = 0, [value]
    while level:
        below: list[Any] = []
        for part in level:
            if isinstance(part, Undefined):
                str(part)
            below += _inside(part)
            if count + len(below) > MAX_NESTED_VALUES:
                raise TemplateError(f"a list or mapping holds more than {MAX_NESTED_VALUES:,} values")
        count += len(below)
        level = below


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def check_search(context: BoundedContext, container: Any) -> None:
    """`in` looks at each item of a list, and at each character of a text."""
    if isinstance(container, list | tuple):
        context.walk(len(container) // ITEMS_SEARCHED)
    elif isinstance(container, str | bytes):
        context.walk(len(container) // CHARACTERS_SEARCHED)


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
    if bits > MAX_NUMBER_BITS:
        raise TemplateError(f"a number has more than {MAX_NUMBER_BITS:,} bits")


def _check_sum(context: BoundedContext, left: Any, right: Any) -> None:
    if isinstance(left, str | bytes | list | tuple) and isinstance(right, str | bytes | list | tuple):
        context.make(len(left) + len(right))


def _check_percent(context: BoundedContext, left: Any, right: Any) -> None:
    """`"%5d" % n`: an upper bound of the size, as if each mark showed the largest value at its width."""
    if not isinstance(left, str | bytes):
        return
    text = left if isinstance(left, str) else left.decode("latin-1")
    marks = _MARK.findall(text)
    if "*" in (part for mark in marks for part in mark):
        raise TemplateError("a width that is given by * is not allowed")
    widths = " ".join(part for mark in marks for part in mark)
    check_widths(widths)
    values = _inside(right) if isinstance(right, Mapping | tuple) else [right]
    for value in values:
        check_nodes(value)
    largest = max((_size_of(value) for value in values), default=0)
    context.make(len(text) + len(marks) * largest + sum(map(int, widths.split())))


def _size_of(value: Any) -> int:
    """About how many characters a value has as text."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, int):
        return value.bit_length() // 3 + 2
    if isinstance(value, Mapping):
        return sum(map(_size_of, chain(value, value.values()))) + 6 * len(value)
    if isinstance(value, list | tuple):
        return sum(map(_size_of, value)) + 4 * len(value)
    return 32


def check_widths(specification: str) -> None:
    """Refuse a width or precision above the limit. Too many digits are refused before `int` reads them."""
    for width in re.findall(r"\d+", specification):
        if len(width) > len(str(MAX_TEXT_LENGTH)) or int(width) > MAX_TEXT_LENGTH:
            raise TemplateError(f"a width is more than {MAX_TEXT_LENGTH:,} characters")


OPERATORS: Mapping[str, Callable[[BoundedContext, Any, Any], None]] = {
    "*": _check_product,
    "**": _check_power,
    "+": _check_sum,
    "%": _check_percent,
}


Check = Callable[..., Sequence[Any] | None]
"""Takes the context, the value and the arguments; may return other arguments instead."""


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
    """A long word is cut piece by piece, and the rest is copied each time: the cost is quadratic."""
    with_text = kwargs.get("wrapstring") or (args[2] if len(args) > 2 else None) or ""
    context.make(len(value) * max(1, len(with_text)))
    width = kwargs.get("width", args[0] if args else 79)
    words = value.split()
    context.walk(len(words))
    if isinstance(width, int):
        context.make(sum(len(word) ** 2 for word in words) // max(1, width))


def _check_links(context: BoundedContext, value: Any, *_: Any, **__: Any) -> None:
    """`urlize` searches a word again for each parenthesis in it: the cost is quadratic."""
    words = str(value).split()
    context.walk(len(words) + sum(len(word) ** 2 for word in words) // CHARACTERS_SEARCHED)


def _check_rounding(context: BoundedContext, value: Any, precision: Any = 0, *_: Any, **__: Any) -> None:
    if isinstance(precision, int) and abs(precision) > MAX_ROUND_DIGITS:
        raise TemplateError(f"round: at most {MAX_ROUND_DIGITS} digits")


def _check_format(context: BoundedContext, value: Any, *args: Any, **kwargs: Any) -> None:
    _check_percent(context, str(value), kwargs or args)


def _check_items(context: BoundedContext, value: Any, *_: Any, **__: Any) -> None:
    """A filter that reads every item. Items of a generator were counted where it was made."""
    if isinstance(value, Sized):
        context.walk(len(value))


def _check_text(context: BoundedContext, value: Any, *_: Any, **__: Any) -> None:
    check_nodes(value)


def _check_pretty(context: BoundedContext, value: Any, *_: Any, **__: Any) -> None:
    level = [value]
    while level:
        context.walk(NODES_PRINTED * len(level))
        level = [inner for part in level for inner in _inside(part)]


def _check_groups(context: BoundedContext, value: Any, number: Any = 0, *args: Any, **kwargs: Any) -> None:
    """`slice(n)` makes n lists, `batch(n, fill)` fills one up to n."""
    _check_items(context, value)
    _check_width(context, value, kwargs.get("slices", kwargs.get("linecount", number)))


METHODS: Mapping[str, Check] = {
    **dict.fromkeys(("ljust", "rjust", "center", "zfill", "to_bytes"), _check_width),
    "expandtabs": _check_tabs,
    "replace": _check_replacement,
    "join": _check_joining,
    "translate": _check_translation,
}

_WALKING = ("list", "sort", "unique", "map", "select", "reject", "selectattr", "rejectattr", "groupby", "min", "max",
            "dictsort", "xmlattr")  # fmt: skip

FILTERS: Mapping[str, Check] = {
    **dict.fromkeys(_WALKING, _check_items),
    "string": _check_text,
    "pprint": _check_pretty,
    "center": _check_width,
    "indent": _check_indent,
    "wordwrap": _check_wrapping,
    "urlize": _check_links,
    "replace": _check_replacement,
    "format": _check_format,
    "round": _check_rounding,
    "slice": _check_groups,
    "batch": _check_groups,
}
