"""What happened in a run over time: what pages and charts are made of beside the summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gradual_common.schedule.schedule import Schedule
from gradual_master.results.measures.series import SeriesTable
from gradual_master.results.measures.step_series import StepTable

Fate = Literal["silent", "back", "lost", "left"]
"""What has become of an agent: it is not heard just now, is heard again, has lost its users, has left on request."""


@dataclass(frozen=True, slots=True)
class News:
    """What happened to the fleet, in plain words."""

    at_s: float
    """Seconds since the schedule's begin."""
    level: Literal["info", "warning", "error"]
    text: str
    agent: str = ""
    """The agent that it is about, "" for none."""
    fate: Fate | None = None
    """What has become of that agent, where it has changed."""
    is_stop: bool = False
    """It says that the run is being stopped from outside."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One run over time."""

    series: SeriesTable
    news: tuple[News, ...]
    schedule: Schedule
    plan: str
    """The plan as it ran, as YAML, secrets masked."""
    steps: StepTable | None = None
    """Each step's own time series."""
