"""The measurement of one performed action, as the engine fills it in and the recorder reads it.

One object per user, used again for every action: hot path, plain slots. All instants are nanoseconds on the agent's
clock; 0 stands for "did not happen".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

INTERRUPTED = -1
"""`Sample.kind` of an action that a stop cut short; every other kind indexes `SeriesIndex.failures`."""


class Told(Protocol):
    """A detail whose words are made when somebody asks; `hide` masks a text."""

    def tell(self, sample: Sample, hide: Callable[[str], str]) -> str:
        """The words, with what was found in the response masked and cut off."""
        ...


@dataclass(slots=True, eq=False)
class Sample:
    """What one action measured."""

    slot: int = 0
    """The ordinal of the user's slot."""
    request: Any = None
    """What was sent, of a sample that failed and was not interrupted."""
    started: int = 0
    """The user's wish to send."""
    written: int = 0
    """Just before the first byte of the last hop was written."""
    first_byte: int = 0
    """Of the last hop's response."""
    ended: int = 0
    """Set for every outcome."""
    connect: int = -1
    """Nanoseconds spent on DNS, TCP and TLS; −1 when no connection was opened."""
    kind: int = 0
    """0 success, else a failure kind or INTERRUPTED."""
    status_code: int = 0
    """0 without a response."""
    messages: int = 0
    """Requests whose first byte went to the kernel: hops, retries and re-sends included."""
    hops: int = 0
    retried: int = 0
    resent: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    response: Any = None
    """Headers and body, only when the request asked for them."""
    detail: str | Told = ""
    """Why it failed, see `explain`."""
    failed_assertions: int = 0
    """Bit n is set when assertion n of the action failed."""

    @property
    def has_response(self) -> bool:
        """Whether the last hop's response arrived whole.

        The engine notes a status code with the last byte of a response, and takes it back when it follows a redirect;
        `ended` is then that of the response, whatever was found in it afterwards: its coding, its status, its body. A
        kind of action without status codes keeps the response itself.
        """
        return self.status_code != 0 or self.response is not None

    def explain(self, hide: Callable[[str], str]) -> str:
        """Why it failed, in words; `hide` masks a text."""
        return hide(self.detail) if isinstance(self.detail, str) else self.detail.tell(self, hide)

    def reset(self, started: int) -> None:
        """Begin a new measurement at `started`; the slot never changes, and the request is read at once."""
        self.started = started
        self.written = 0
        self.first_byte = 0
        self.ended = 0
        self.connect = -1
        self.kind = 0
        self.status_code = 0
        self.messages = 0
        self.hops = 0
        self.retried = 0
        self.resent = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self.response = None
        self.detail = ""
        self.failed_assertions = 0
