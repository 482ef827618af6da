"""A record goes over field by field, as its table says."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from gradual_common.errors import WireError
from gradual_common.protocol.records import RecordCodec, WireField, each, line, number, part, read_key, read_reason


@dataclass
class Message:
    """What protobuf makes, as far as a codec looks at it."""

    name: str = ""
    count: int = 0
    inner: Any = None
    entries: list[Any] = field(default_factory=list)

    def HasField(self, name: str) -> bool:
        return getattr(self, name) is not None


@dataclass(frozen=True)
class Inner:
    count: int


@dataclass(frozen=True)
class Outer:
    name: str
    count: int = 0
    inner: Inner | None = None
    entries: tuple[Inner, ...] = ()


INNER = RecordCodec(Inner, Message, count=number("count", 1, 9))
OUTER = RecordCodec(Outer, Message, name=line("name"), inner=part(INNER), entries=each(INNER))


@pytest.mark.parametrize("record", [Outer("a", 5), Outer("a", 5, Inner(1), (Inner(2), Inner(3)))])
def test_what_is_written_is_read_back(record: Outer) -> None:
    assert OUTER.read(OUTER.write(record)) == record


def test_a_part_that_is_absent_is_none() -> None:
    assert OUTER.read(Message("a")).inner is None


def test_a_field_that_is_read_separately_is_given_to_the_reader() -> None:
    apart = RecordCodec(Outer, Message, ("inner",), entries=WireField(tuple, list))
    assert apart.write(Outer("a", 1, Inner(2))).inner is None
    assert apart.read(Message("a", 1), inner=Inner(2)) == Outer("a", 1, Inner(2))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Message("a", inner=Message(count=0)), "count is 0; allowed is 1 … 9"),
        (Message("a", entries=[Message(count=10)]), "count is 10; allowed is 1 … 9"),
        (Message("a\n"), "name is "),
        (Message("a" * 257), "allowed are 256 printable characters"),
    ],
)
def test_what_does_not_hold_together_is_named(message: Message, reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        OUTER.read(message)


def test_keys_and_reasons_have_a_length() -> None:
    assert read_key("command", b"0" * 16) == b"0" * 16
    with pytest.raises(WireError, match="command has 3 bytes; it takes 16"):
        read_key("command", b"abc")
    with pytest.raises(WireError, match="a reason of 4097 characters"):
        read_reason("x" * 4097)
