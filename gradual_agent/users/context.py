"""What all users of an agent share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from gradual_agent.coordination.pool import UserEnded
from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.timeline import Timeline
from gradual_agent.users.behaviour import Behaviour, CompiledStep


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

    def note_unforeseen(self, behaviour: Behaviour, step: CompiledStep, error: Exception) -> None:
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
