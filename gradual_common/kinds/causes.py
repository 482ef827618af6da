"""Why samples failed, in the words of people: `HTTP 404`, `connection refused`, `certificate is self-signed`.

A label is made of the failure kind, of the sentence that an agent described it by, and of what its action asserts. A
kind that is not known here is shown by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from gradual_common.kinds.checks.check import Assertion
from gradual_common.kinds.checks.written import CHECKS
from gradual_common.kinds.failure import ASSERTION
from gradual_common.kinds.registry import failure_called


def is_by_status(kind: str) -> bool:
    """Whether such failures differ by the status code of the response."""
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
    return CHECKS[check].label_for(named[0]) if len(named) == 1 else failure.label_for(detail)


def cause_of(kind: str, detail: str = "", status_code: int | None = None) -> str | None:
    """The sentence of a failure; of a status that speaks for itself its name."""
    if detail or not status_code or not is_by_status(kind):
        return detail or None
    phrase = next((status.phrase for status in HTTPStatus if status == status_code), "")
    return f"the server answered {status_code} {phrase}".rstrip()
