"""What all users of an agent share, and what becomes of exceptions that an action let out.

They are failures of their own kind where they have one, else of the kind `internal`. An `internal` failure is a mistake
in Gradual, so its run is invalid; nothing that a response or a data row can hold may lead to one (`tests/fuzz` holds
that).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from traceback import extract_tb

import structlog

from gradual_agent.coordination.pool import UserEnded
from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.timeline import Timeline
from gradual_agent.users.behaviour import Behaviour, CompiledStep
from gradual_common.errors import RequestError, TemplateError
from gradual_common.kinds.failures import KIND

INTERNAL = KIND["internal"]

MAX_MESSAGE_CHARS = 200
"""Characters of an exception's message that a failure shows; the log has all of it."""


class UserLog:
    """What is logged of users, each of it once. `consequence`: what a mistake of ours means for the run."""

    def __init__(self, consequence: str = "; the run is invalid") -> None:
        self._consequence = consequence
        self._logged: set[object] = set()

    def warn_empty(self, behaviour: Behaviour) -> None:
        """Say of a group that its iterations are empty."""
        if self._is_new(behaviour.number):
            structlog.get_logger(__name__).warning(
                "an iteration neither sent nor waited; its user sleeps 100 ms after each of these",
                group=behaviour.group,
            )

    def log_bug(self, behaviour: Behaviour, step: CompiledStep, error: Exception) -> None:
        """A mistake of ours: the first traceback of each kind and step is logged."""
        if self._is_new((step.record.number, type(error))):
            structlog.get_logger(__name__).error(
                f"a step failed for a reason that nobody foresaw{self._consequence}",
                group=behaviour.group,
                step=step.name,
                exc_info=error,
            )

    def _is_new(self, what: object) -> bool:
        is_new = what not in self._logged
        self._logged.add(what)
        return is_new


@dataclass(frozen=True, slots=True)
class UserContext:
    """What users run in."""

    timeline: Timeline
    clock: Callable[[], int]
    """The agent's clock, ns."""
    wall_clock: Callable[[], int]
    """What templates say of the time, ns since 1970."""
    recorder: Recorder
    seed: int
    secrets: dict[str, str]
    graceful_stop: int
    """How long `on_stop` has for a user that was not told to stop, ns."""
    end: Callable[[UserEnded], None]
    """Called by a user that has ended by itself or because it was told to stop."""
    note_failure: Callable[[int, Sample], None] = lambda step, sample: None
    """Called with the number of a step and its sample, which has failed and is then used again."""
    log: UserLog = field(default_factory=UserLog)


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
    message = f"{type(error).__name__}: {str(error)[:MAX_MESSAGE_CHARS]}"
    frames = extract_tb(error.__traceback__)
    return f"{message} ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else message
