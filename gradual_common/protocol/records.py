"""Between a record and the protobuf message that has fields of the same names, by a table of what is not plain.

A field that is not in the table is copied as it is: protobuf has checked its type and width. For every other field the
table has how it is written and how it is read; reading trusts nothing and raises WireError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Generic, TypeVar

from gradual_common.errors import WireError
from gradual_common.protocol.batch_checks import MAX_INT64, check_number, read_column, write_column

INCARNATION_BYTES = 16
MAX_LINE_LENGTH = 256
MAX_REASON_LENGTH = 4096

R = TypeVar("R")
M = TypeVar("M")


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class WireField:
    """One field of a message."""

    read: Callable[[Any], Any] = _as_it_is

    write: Callable[[Any], Any] = _as_it_is

    is_part: bool = False
    """A message within the message, which may be absent: None in the record."""


class RecordCodec(Generic[R, M]):
    """Writes and reads records of one type; `table` has the fields that do not go over as they are.

    `separate`: fields that the message does not have, or that are read by other means; `read` is given them.
    """

    def __init__(self, record: type[R], message: Callable[..., M], separate: Iterable[str] = (), /, **table: WireField):
        self._record = record
        self._message = message
        names = [field.name for field in fields(record)]  # type: ignore[arg-type]  # a record is a dataclass
        assert table.keys() <= {*names}, f"{record.__name__} has no {table.keys() - {*names}}"
        self._plain = [name for name in names if name not in table and name not in separate]
        self._writers = [(name, field.write) for name, field in table.items()]
        self._readers = [(name, table[name].read) for name in table if name not in separate and not table[name].is_part]
        self._parts = [(name, field.read) for name, field in table.items() if field.is_part]

    def write(self, record: R) -> M:
        """The message."""
        values = {name: getattr(record, name) for name in self._plain}
        for name, write in self._writers:
            if (value := getattr(record, name)) is not None:
                values[name] = write(value)
        return self._message(**values)

    def read(self, message: M, **values: Any) -> R:
        """The record; WireError for what does not hold together."""
        for name in self._plain:
            values[name] = getattr(message, name)
        for name, read in self._readers:
            values[name] = read(getattr(message, name))
        for name, read in self._parts:
            values[name] = read(getattr(message, name)) if message.HasField(name) else None  # type: ignore[attr-defined]
        return self._record(**values)


def part(codec: RecordCodec[Any, Any], read: Callable[[Any], Any] | None = None) -> WireField:
    """A message within the message, which may be absent; `read` when the codec alone does not read it."""
    return WireField(read or codec.read, codec.write, is_part=True)


def each(
    codec: RecordCodec[Any, Any], read: Callable[[Any], Any] | None = None, at_most: int | None = None
) -> WireField:
    """A list of messages; `at_most`: how many a reader takes."""
    read_entry = read or codec.read

    def read_all(entries: Any) -> tuple[Any, ...]:
        # Before any is read: a message of 4 MiB has room for a million empty ones, which take 40 s to read.
        if at_most is not None and len(entries) > at_most:
            raise WireError(f"{len(entries):,} times {entries[0].DESCRIPTOR.name}; at most {at_most:,} are allowed")
        return tuple([read_entry(entry) for entry in entries])

    return WireField(read_all, lambda entries: [*map(codec.write, entries)])


def number(what: str, low: int = 0, high: int = MAX_INT64) -> WireField:
    """A number in [low, high]."""
    return WireField(partial(check_number, what, low=low, high=high))


def numbers(*names: str) -> dict[str, WireField]:
    """Numbers from 0 up, which messages call by their names."""
    return {name: number(name.replace("_", " ")) for name in names}


def columns(*names: str) -> dict[str, WireField]:
    """Numpy arrays as bytes (`batch_checks.COLUMNS`)."""
    return {name: WireField(partial(read_column, name), write_column) for name in names}


def line(what: str) -> WireField:
    """What we named ourselves goes to logs and terminals: one printable line, of bounded length."""
    return WireField(partial(read_line, what))


def read_line(what: str, text: str) -> str:
    """The text; WireError where it is not a printable line."""
    if len(text) > MAX_LINE_LENGTH or not text.isprintable():
        raise WireError(f"{what} is {text[:MAX_LINE_LENGTH]!r}; allowed are {MAX_LINE_LENGTH} printable characters")
    return text


def read_reason(text: str) -> str:
    """A text of bounded length."""
    if len(text) > MAX_REASON_LENGTH:
        raise WireError(f"a reason of {len(text)} characters; allowed are {MAX_REASON_LENGTH}")
    return text


def read_key(what: str, key: bytes) -> bytes:
    """An incarnation, or another key of as many random bytes."""
    if len(key) != INCARNATION_BYTES:
        raise WireError(f"{what} has {len(key)} bytes; it takes {INCARNATION_BYTES}")
    return key
