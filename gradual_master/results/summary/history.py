"""The history of a run: the data of pages and charts that is not in the summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gradual_common.schedule.schedule import Schedule
from gradual_master.coordination.events import AgentState
from gradual_master.results.measures.series import SeriesTable
from gradual_master.results.measures.step_series import StepTable
from gradual_master.results.measures.watches import WatchSeries


@dataclass(frozen=True, slots=True)
class News:
    """What happened to the fleet, in plain words."""

    at_s: float
    """Seconds since the schedule's start."""
    level: Literal["info", "warning", "error"]
    text: str
    agent: str = ""
    """The agent that it is about, "" for none."""
    agent_state: AgentState | None = None
    """The new state of that agent, if it has changed."""
    is_stop: bool = False
    """Whether it reports that the run is being stopped from outside."""


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
    watches: tuple[WatchSeries, ...] = ()
    """The system's own metrics."""
