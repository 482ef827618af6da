"""A message of an agent is measured before it is parsed."""

import pytest
from google.protobuf.message import DecodeError

from gradual_common.errors import WireError
from gradual_common.wire import fleet_pb2
from gradual_master.serving.receiving import MAX_MESSAGE_BYTES, read_message

MESSAGE = fleet_pb2.AgentMessage(goodbye=fleet_pb2.Goodbye(reason="done"))
EMPTY_BATCH = b"\x32\x00"


def test_a_message_is_parsed() -> None:
    assert read_message(fleet_pb2.AgentMessage, MESSAGE.SerializeToString()) == MESSAGE


@pytest.mark.parametrize("kind", [fleet_pb2.AgentMessage, fleet_pb2.SampleMessage])
def test_a_message_that_is_too_large_is_not_parsed(kind: type[fleet_pb2.AgentMessage]) -> None:
    content = EMPTY_BATCH * (MAX_MESSAGE_BYTES // 2) + b"\xff"
    with pytest.raises(WireError, match=r"a message of 4,194,305 bytes; at most 4,194,304 are allowed"):
        read_message(kind, content)


def test_what_is_no_message_is_an_error() -> None:
    with pytest.raises(DecodeError):
        read_message(fleet_pb2.AgentMessage, b"\xff" * 100)
