"""How a sample can fail: the failure kinds of docs/design/results.md, and their numbers in batches.

Batches and samples name an outcome by its number. 0 is success. Then come the built-in failures, in an order that never
changes, then those of the other action kinds that the plan uses, sorted by the names of these kinds. Agents and master
read the same plan, so their numbers are the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from gradual_common.kinds.failure import DATA, EXTRACT, INTERNAL, POLL, TEMPLATE, TIMEOUT, FailureKind
from gradual_common.kinds.http import failures as http
from gradual_common.kinds.http.assertions import HTTP_ASSERTIONS
from gradual_common.kinds.http.auth.oauth2 import TOKEN
from gradual_common.kinds.http.event_streams import SSE
from gradual_common.kinds.http.graphql import GRAPHQL

_ASSERTIONS = tuple(kind.failure for kind in HTTP_ASSERTIONS.values())

BUILT_IN = (
    http.STATUS,
    *_ASSERTIONS[:7],
    EXTRACT,
    TIMEOUT,
    *http.ON_THE_WAY,
    TEMPLATE,
    http.BODY_TOO_LARGE,
    INTERNAL,
    *_ASSERTIONS[7:],  # Assertions that were added later: existing numbers must not change.
    POLL,
    DATA,
    GRAPHQL,
    SSE,
    TOKEN,
)
"""The failures of HTTP actions, and those that any action may have, in the order of their numbers on the wire."""

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

        self.judged = frozenset(self.numbers[kind.name] for kind in BUILT_IN if kind.has_response)
        """Numbers of failures that judging a complete response found: status, assertions, extraction."""

        self.by_name = {kind.name: kind for kind in self.all}
        self.by_status = frozenset(self.numbers[kind.name] for kind in self.all if kind.by_status)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FailureKinds) and self.all == other.all

    def __hash__(self) -> int:
        return hash(self.all)

    def __len__(self) -> int:
        """The number of outcomes, success included."""
        return len(self.names)


BUILT_IN_KINDS = FailureKinds()
KINDS = BUILT_IN_KINDS.names
KIND = BUILT_IN_KINDS.numbers
