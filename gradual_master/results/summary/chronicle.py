"""What happened in a run over time, and what it was about: what pages and pictures are made of beside the summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import yaml

from gradual_common.plan.loader import LoadedPlan
from gradual_common.schedule.schedule import Schedule
from gradual_common.secrecy.credentials import mask_of, without_credentials
from gradual_master.results.measures.series import SeriesTable
from gradual_master.results.measures.step_course import StepTable

Fate = Literal["silent", "back", "lost", "left"]
"""What has become of an agent: it is not heard just now, is heard again, has lost its users, has left on request."""


@dataclass(frozen=True, slots=True)
class News:
    """What happened to the fleet, in plain words; `at_s` seconds after the schedule's begin.

    `agent`: the one that it is about, "" for none; `fate`: what has become of it, where that has changed.
    """

    at_s: float
    level: Literal["info", "warning", "error"]
    text: str
    agent: str = ""
    fate: Fate | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Chronicle:
    """The course of one run. `plan`: the plan as it ran, as YAML, secrets masked; `steps`: each step's own course."""

    series: SeriesTable
    news: tuple[News, ...]
    schedule: Schedule
    plan: str
    steps: StepTable | None = None


def plan_text(loaded: LoadedPlan) -> str:
    """A plan as YAML, with what the command line changed in it; secrets and literal credentials are masked."""
    text = yaml.safe_dump(without_credentials(loaded.job.document), sort_keys=False, allow_unicode=True, width=100)
    return mask_of(loaded.job).hide(text)
