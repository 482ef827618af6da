"""Why samples failed, as labels in reports: `HTTP 404`, `connection refused`, `certificate is self-signed`.

A label comes from the failure kind, the words in which an agent described it, and the assertions of its action. A
kind that is not known here is shown by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from gradual_common.kinds.assertions.assertion import Assertion
from gradual_common.kinds.failure import ASSERTION
from gradual_common.kinds.registry import assertion_called, known_failures


def is_by_status(kind: str) -> bool:
    """Whether reports divide these failures by status code."""
    failure = known_failures().get(kind)
    return failure is not None and failure.by_status


def label_of(kind: str, detail: str = "", status_code: int | None = None, assertions: Sequence[Assertion] = ()) -> str:
    """The label of a failure; `assertions` are those of its action.

    >>> label_of("status", status_code=404)
    'HTTP 404'
    >>> label_of("connect", "no connection to http://localhost:1 (127.0.0.1: connection refused)")
    'connection refused'
    """
    failure = known_failures().get(kind)
    if failure is None:
        return kind.replace("_", " ")
    if failure.by_status and status_code:
        return f"HTTP {status_code}"
    family, _, check = kind.partition(":")
    named = [assertion for assertion in assertions if family == ASSERTION and assertion.check == check]
    # Failures are counted per kind, so of two `json` assertions it is not known which one failed.
    return assertion_called(check).label_for(named[0]) if len(named) == 1 else failure.label_for(detail)


def cause_of(kind: str, detail: str = "", status_code: int | None = None) -> str | None:
    """Why a request failed, in words; for a status code without a detail, the phrase of the code."""
    if detail or not status_code or not is_by_status(kind):
        return detail or None
    phrase = next((status.phrase for status in HTTPStatus if status == status_code), "")
    return f"the server answered {status_code} {phrase}".rstrip()
