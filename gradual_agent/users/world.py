"""What all users of an agent share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradual_agent.kinds.action import Engine
from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.timeline import Timeline
from gradual_agent.users.behaviour import Behaviour, CompiledStep

if TYPE_CHECKING:
    from gradual_agent.users.user import VirtualUser


@dataclass(frozen=True, slots=True)
class World:
    """What users live in. `graceful_stop` in ns; `warn_empty` and `end` are told by the user.

    `note_failure` is shown a sample that failed, with the number of its step; `note_unforeseen` what was raised in it.
    """

    timeline: Timeline
    clock: Callable[[], int]
    wall_clock: Callable[[], int]
    recorder: Recorder
    engine: Engine
    seed: int
    secrets: dict[str, str]
    graceful_stop: int
    warn_empty: Callable[[Behaviour], None]
    end: Callable[[VirtualUser, bool], None]
    note_failure: Callable[[int, Sample], None] = lambda step, sample: None
    note_unforeseen: Callable[[Behaviour, CompiledStep, Exception], None] = lambda behaviour, step, error: None
