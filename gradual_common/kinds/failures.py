"""How a sample can fail: the failure kinds of RESULTS.md, and their numbers in a plan's batches.

Batches and samples name an outcome by its number. 0 is success, then come the built-in failures, in an order that never
changes, then those of the other action kinds that the plan uses, by the names of these kinds. Agents and master read
the same plan, and so they number alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ASSERTION = "assertion"


@dataclass(frozen=True, slots=True)
class FailureKind:
    """One way to fail."""

    name: str
    label: str
    """What people call it where nothing more is known of it: `no connection`."""

    has_response: bool | None = None
    """Whether a response arrived whole, and so was measured and judged; None: it varies, and each sample tells."""

    by_status: bool = False
    """Failures of this kind are told apart by the status code of the response."""


BUILT_IN = (
    FailureKind("status", "HTTP error", True, by_status=True),
    FailureKind("assertion:status_code", "status code not as asserted", True, by_status=True),
    FailureKind("assertion:response_time", "response time outside of its limits", True),
    FailureKind("assertion:header", "header not as asserted", True),
    FailureKind("assertion:body_contains", "body lacks the asserted text", True),
    FailureKind("assertion:body_matches", "body does not match", True),
    FailureKind("assertion:json", "json not as asserted", True),
    FailureKind("assertion:body_size", "body size outside of its limits", True),
    FailureKind("extract", "value to extract not found", True),
    FailureKind("timeout", "timed out", False),
    FailureKind("connect", "no connection", False),
    FailureKind("dns", "host name not resolved", False),
    FailureKind("tls", "TLS handshake failed"),
    FailureKind("reset", "connection broke", False),
    FailureKind("protocol", "no valid HTTP response"),
    FailureKind("redirect", "redirect not followed"),
    FailureKind("proxy", "proxy failed", False),
    FailureKind("template", "template failed"),
    FailureKind("body_too_large", "body too large"),
    FailureKind("internal", "internal error of Gradual"),
)
"""Those of HTTP actions, and those that any action may have (a template, a timeout, an assertion)."""

OK = 0
"""The number of success."""


class FailureKinds:
    """The outcomes of a plan's samples by their number: success, the built-in failures, and `others`."""

    def __init__(self, others: Iterable[FailureKind] = ()) -> None:
        self.all = (*BUILT_IN, *others)
        self.names = ("", *(kind.name for kind in self.all))
        """By number; "" is success."""

        self.numbers = {name: number for number, name in enumerate(self.names)}
        self.have_response = (True, *(kind.has_response for kind in self.all))
        """By number, as in `FailureKind`."""

        self.by_status = frozenset(self.numbers[kind.name] for kind in self.all if kind.by_status)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FailureKinds) and self.all == other.all

    def __hash__(self) -> int:
        return hash(self.all)

    def __len__(self) -> int:
        """How many outcomes there are, success among them."""
        return len(self.names)


BUILT_IN_KINDS = FailureKinds()
KINDS = BUILT_IN_KINDS.names
KIND = BUILT_IN_KINDS.numbers
