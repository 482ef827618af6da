"""The measurement of one performed action, as the engine fills it in and the recorder reads it.

One object per user, used again for every action: hot path, plain slots. All instants are nanoseconds on the agent's
clock; 0 means that it did not happen.

A message is counted in one of five ways:

- a *hop* follows a redirect;
- a *retry* repeats a request that failed;
- a *re-send* repeats a request that found a stale connection: the server had closed it before the request arrived;
- *auth_sent*: authentication sent it: a token's fetch, or the request again with an answer to a challenge;
- any other is the first message of the request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from gradual_common.secrecy.quoting import visible

INTERRUPTED = -1
"""`Sample.kind` of an action that a stop interrupted; every other kind is an index of `SeriesIndex.failures`."""


class LazyDetail(Protocol):
    """A detail that becomes text only when it is shown; `hide` masks a text."""

    def explain(self, sample: Sample, hide: Callable[[str], str]) -> str:
        """The text, with what is quoted from the response masked and shortened."""
        ...


class Sample:
    """What one action measured."""

    __slots__ = (
        "auth_sent",
        "bytes_received",
        "bytes_sent",
        "connect",  # ns spent on DNS, TCP and TLS; −1 when no connection was opened
        "detail",  # why it failed, see `explain`
        "ended",  # of the last hop's response; set for every outcome
        "failed_assertions",  # bit n is set when assertion n of the action failed
        "first_byte",  # of the last hop's response
        "hops",
        "kind",  # 0 success, else a failure kind or INTERRUPTED
        "messages",  # requests whose first byte went to the kernel: hops, retries, re-sends and auth_sent included
        "request",  # what was sent, of a sample that failed and was not interrupted; not in `reset`: it is read at once
        "resent",
        "response",  # headers and body, only when the request asked for them
        "retried",
        "slot",  # the ordinal of the user's slot, which never changes
        "started",  # the user's wish to send
        "status_code",  # 0 without a response
        "token",  # the last token of OAuth 2.0 that authenticated a request, which reports hide; not in `reset`
        "trace",  # the traceparent of the last request of a traced action; not in `reset`: other actions leave it alone
        "written",  # just before the first byte of the last hop was written
    )

    def __init__(self, slot: int = 0) -> None:
        self.slot = slot
        self.request: Any = None
        self.trace = ""
        self.token = ""
        self.reset(0)

    @property
    def has_response(self) -> bool:
        """Whether the last hop's response arrived whole.

        The engine sets the status code with the last byte of a response, and clears it when it follows a redirect. So
        `ended` is the end of the response, even if its coding, status or body then make the sample fail. A kind of
        action without status codes keeps the response itself.
        """
        return self.status_code != 0 or self.response is not None

    def explain(self, hide: Callable[[str], str]) -> str:
        """Why it failed, in words that a terminal shows as they are; `hide` masks a text."""
        return visible(hide(self.detail) if isinstance(self.detail, str) else self.detail.explain(self, hide))

    def reset(self, started: int) -> None:
        """Start a new measurement at `started`."""
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
        self.auth_sent = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self.response: Any = None
        self.detail: str | LazyDetail = ""
        self.failed_assertions = 0
