"""Why samples failed, in the words of people: `HTTP 404`, `connection refused`, `certificate is self-signed`.

A label is made of the failure kind, of the sentence that an agent described it by, and of what its action asserts. A
kind that is not known here is shown by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.kinds.failure import ASSERTION, LONGEST_NAME
from gradual_common.kinds.model import Assertion
from gradual_common.kinds.registry import failure_called


def is_by_status(kind: str) -> bool:
    """Whether such failures are told apart by the status code of the response."""
    failure = failure_called(kind)
    return failure is not None and failure.by_status


def label_of(kind: str, detail: str = "", status_code: int | None = None, assertions: Sequence[Assertion] = ()) -> str:
    """What a person calls a failure of this kind with this sentence; `assertions`: those of its action.

    >>> label_of("status", status_code=404)
    'HTTP 404'
    >>> label_of("connect", "no connection to http://localhost:1 (127.0.0.1: connection refused)")
    'connection refused'
    """
    failure = failure_called(kind)
    if failure is None:
        return kind.replace("_", " ")
    if failure.by_status and status_code:
        return f"HTTP {status_code}"
    family, _, check = kind.partition(":")
    named = [assertion for assertion in assertions if family == ASSERTION and assertion.check == check]
    # Of several of the same check, which one it was is not counted.
    return _assertion_label(named[0], failure.label) if len(named) == 1 else failure.label_for(detail)


def cause_of(kind: str, detail: str = "", status_code: int | None = None) -> str | None:
    """The sentence of a failure; of a status that speaks for itself its name."""
    if detail or not status_code or not is_by_status(kind):
        return detail or None
    phrase = next((status.phrase for status in HTTPStatus if status == status_code), "")
    return f"the server answered {status_code} {phrase}".rstrip()


_LIMITS = {"<": "above", "<=": "above", ">": "below", ">=": "below", "==": "other than", "!=": "of"}
"""By the operator of the assertion, on which side of its limit a sample was; hardly one meets the edge itself."""


def _assertion_label(assertion: Assertion, label: str) -> str:
    """What did not hold, without what was expected of a body or a header, which may be a credential."""
    match assertion.check:
        case "response_time":
            return f"response time {_limit(assertion, _time)}"
        case "body_size":
            return f"body size {_limit(assertion, lambda size: f'{size:,} bytes')}"
        case "header" | "json" if assertion.subject:
            return f"{assertion.check} {assertion.subject[:LONGEST_NAME]} not as asserted"
    return label


def _limit(assertion: Assertion, show: Callable[[int], str]) -> str:
    return f"{_LIMITS[assertion.op]} {show(assertion.expected)}"


def _time(nanoseconds: int) -> str:
    return f"{nanoseconds / NS_PER_S:g} s" if nanoseconds >= NS_PER_S else f"{nanoseconds / NS_PER_MS:g} ms"
