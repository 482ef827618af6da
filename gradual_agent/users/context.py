"""What all users of an agent share, and how an exception of an action becomes a failure.

The failure has the kind of the exception if it has one, else the kind `internal`. An `internal` failure is a bug in
Gradual, so its run is invalid. No response and no data row may cause one (tested by `tests/fuzz`).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from time import time_ns
from traceback import extract_tb

import structlog

from gradual_agent.coordination.pool import UserEnded
from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.timeline import Timeline
from gradual_agent.users.behaviour import Behaviour
from gradual_common.errors import PoolError, RequestError, TemplateError
from gradual_common.kinds.failures import KIND
from gradual_common.plan.model.series import StepSeries

INTERNAL = KIND["internal"]

MAX_MESSAGE_CHARS = 200
"""Characters of an exception's message that a failure shows; the log has the whole message."""


class UserLog:
    """Logs about users, each line once. `consequence`: what a bug means for the run."""

    def __init__(self, consequence: str = "; the run is invalid") -> None:
        self._consequence = consequence
        self._logged: set[object] = set()

    def warn_empty(self, behaviour: Behaviour) -> None:
        """Warn that a group's iterations are empty."""
        if self._is_new(behaviour.number):
            structlog.get_logger(__name__).warning(
                "an iteration sent no request and did not wait; its user sleeps 100 ms after each of these",
                group=behaviour.group,
            )

    def log_bug(self, group: str, step: StepSeries, error: Exception) -> None:
        """Log a bug in Gradual: the first traceback of each step and type of exception."""
        # Once: a bug that every iteration meets would write thousands of tracebacks per second.
        if self._is_new((step.number, type(error))):
            structlog.get_logger(__name__).error(
                f"unexpected error in a step{self._consequence}",
                group=group,
                step=step.name,
                exc_info=error,
            )

    def _is_new(self, what: object) -> bool:
        is_new = what not in self._logged
        self._logged.add(what)
        return is_new


@dataclass(frozen=True, slots=True)
class UserContext:
    """What all users of an agent share."""

    timeline: Timeline
    clock: Callable[[], int]
    """The agent's clock, ns."""
    recorder: Recorder
    seed: int
    secrets: dict[str, str]
    graceful_stop: int
    """How long `on_stop` may take for a user that ends by itself, ns."""
    end: Callable[[UserEnded], None]
    """Called by a user that has ended by itself or after a stop, but not by one that was cut."""
    note_failure: Callable[[int, Sample], None] = lambda step, sample: None
    """Called with a step's number and its failed sample, which the user reuses afterwards."""
    abort_run: Callable[[str], object] = lambda reason: None
    """Asks the master to end the run as failed, and why; it may be called again and again."""
    log: UserLog = field(default_factory=UserLog)
    wall_clock: Callable[[], int] = time_ns
    """The time that templates see, ns since 1970."""
    replaces_users: bool = True
    """After a failed `on_start` or a bug, a new user takes the slot."""


def mark_failed(sample: Sample, error: Exception, now: int) -> None:
    """Make the sample a failure by `error`; it ended with its response if that had arrived, else now."""
    # With a whole response the error was in reading it, so the time of the system ends where its response ended.
    if not sample.has_response:
        sample.ended = now
    sample.kind = kind_of(error)
    sample.detail = detail_of(error) if sample.kind == INTERNAL else str(error)


def kind_of(error: Exception) -> int:
    """The failure kind of an exception that an action raised."""
    if isinstance(error, (TemplateError, RequestError)):
        return KIND["template"]
    if isinstance(error, PoolError):
        return KIND["data"]
    if isinstance(error, ssl.SSLError):
        return KIND["tls"]
    return INTERNAL


def detail_of(error: Exception) -> str:
    """`KeyError: 'x' (extraction.py:60)`: the exception and its place in the code."""
    message = f"{type(error).__name__}: {str(error)[:MAX_MESSAGE_CHARS]}"
    frames = extract_tb(error.__traceback__)
    return f"{message} ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else message
