"""Exceptions that an action let out: failures of their own kind where they have one, else of the kind `internal`.

An `internal` failure is a mistake in Gradual, so its run is invalid; nothing that a response or a data row can hold may
lead to one (`tests/fuzz` holds that).
"""

from __future__ import annotations

import ssl
from pathlib import PurePath
from traceback import extract_tb

from gradual_agent.runtime.sample import Sample
from gradual_common.errors import RequestError, TemplateError
from gradual_common.kinds.failures import KIND

INTERNAL = KIND["internal"]

MOST_SHOWN = 200
"""Characters of an exception's message that a failure shows; the log has all of it."""


def mark_failed(sample: Sample, error: Exception, now: int) -> None:
    """The sample failed by what was raised; it ended with its response, if that had come, else now."""
    if not sample.has_response:
        sample.ended = now
    sample.kind = kind_of(error)
    sample.detail = detail_of(error) if sample.kind == INTERNAL else str(error)


def kind_of(error: Exception) -> int:
    """The failure kind of what was raised while a step was built, sent, judged or read."""
    if isinstance(error, (TemplateError, RequestError)):
        return KIND["template"]
    if isinstance(error, ssl.SSLError):
        return KIND["tls"]
    return INTERNAL


def detail_of(error: Exception) -> str:
    """`KeyError: 'x' (extraction.py:60)`: what was raised, and where."""
    message = f"{type(error).__name__}: {str(error)[:MOST_SHOWN]}"
    frames = extract_tb(error.__traceback__)
    return f"{message} ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else message
