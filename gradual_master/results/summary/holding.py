"""Which levels of a ramp met the objectives, in one sentence: how many users the system holds.

Only objectives by which a search could decide, too, are asked of a level: a count depends on how long it lasts. What a
level must reach (`throughput > 200/s`) is not asked: too few users miss it as well. A level with a misleading mark, and
one with too few samples for an objective, is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradual_common.rules.feasibility import why_cannot_steer
from gradual_common.rules.rule import RATES
from gradual_common.units import count
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.judging.objectives.objective import Objective, describe, words_of
from gradual_master.results.judging.objectives.observing import observe
from gradual_master.results.judging.objectives.of_plan import ALWAYS
from gradual_master.results.judging.objectives.views import ViewTerms
from gradual_master.results.measures.distribution import seconds
from gradual_master.results.merging.level_measurements import LevelMeasurements
from gradual_master.results.summary.scalability import MIN_LEVELS, MISLEADING


@dataclass(frozen=True, slots=True)
class JudgedLevel:
    """A level, and the first objective that it broke."""

    target: float
    broken: Objective | None = None
    value: float = 0.0
    """Of that objective, in its unit."""


def holding_sentences(
    objectives: Sequence[Objective], terms: ViewTerms, levels: LevelMeasurements, rows: Sequence[LevelRow]
) -> Iterator[str]:
    """How many users met the objectives; nothing for a run at one concurrency, or without such an objective."""
    asked = [objective for objective in objectives if _can_be_asked(objective)]
    judged = list(_judge(asked, terms, levels, rows)) if asked else []
    if len({level.target for level in judged}) < MIN_LEVELS:
        return
    met = " and ".join(words_of(objective.rule) for objective in asked)
    broken = min((level for level in judged if level.broken), key=lambda level: level.target, default=None)
    held = max((level.target for level in judged if broken is None or level.target < broken.target), default=None)
    if broken is None:
        yield f"It holds at least {_users(held)}, the most that were tried, with {met}."
    elif held is None:
        yield f"Already {_users(broken.target)}, the fewest that were tried, did not meet {_why(broken)}."
    else:
        yield f"It holds {_users(held)} with {met}; {_users(broken.target)} did not meet {_why(broken)}."


def _can_be_asked(objective: Objective) -> bool:
    rule = objective.rule
    is_goal = rule.statistic in (*RATES, "rate") and not rule.op.startswith("<")
    return objective.severity == "fail" and objective.name != ALWAYS and not is_goal and why_cannot_steer(rule) is None


def _judge(
    objectives: Sequence[Objective], terms: ViewTerms, levels: LevelMeasurements, rows: Sequence[LevelRow]
) -> Iterator[JudgedLevel]:
    numbers = {seconds(level.start): level.number for level in terms.schedule.levels}
    for row in rows:
        if row.warm_up or not row.target or (MISLEADING - {"failures"}) & set(row.marks):
            continue
        totals = terms.totals([levels.judged(numbers[row.start_s])])
        seen = [(objective, observe(objective, totals)) for objective in objectives]
        broken = [
            (one, found.value) for one, found in seen if found.value is not None and not one.rule.holds(found.value)
        ]
        if broken:
            yield JudgedLevel(row.target, *broken[0])
        elif all(found.samples >= one.enough or not one.needs_data for one, found in seen):
            yield JudgedLevel(row.target)


def _why(level: JudgedLevel) -> str:
    assert level.broken is not None
    rounded = float(f"{level.value:.4g}")
    return f"{words_of(level.broken.rule)} ({describe(rounded, level.broken.rule.unit)})"


def _users(target: float | None) -> str:
    return count(round(target or 0), "user")
