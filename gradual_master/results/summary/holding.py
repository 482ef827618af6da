"""Which levels of a ramp met the objectives, in one sentence: how many users the system holds.

Only objectives by which a search could decide, too, are asked of a level: a count depends on how long it lasts. What a
level must reach (`throughput > 200/s`) is not asked: too few users miss it as well. A level with a misleading mark, and
one with too few samples for an objective, is not judged. One at which users waited and none got an answer did not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradual_common.rules.feasibility import why_cannot_steer
from gradual_common.rules.rule import RATES
from gradual_common.units import count
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.judging.objectives.objective import Objective, describe, words_of
from gradual_master.results.judging.objectives.observing import Observation, observe
from gradual_master.results.judging.objectives.of_plan import ALWAYS
from gradual_master.results.judging.objectives.views import ViewTerms
from gradual_master.results.measures.distribution import seconds
from gradual_master.results.merging.level_measurements import LevelMeasurements
from gradual_master.results.summary.scalability import MIN_LEVELS, MISLEADING, hanging_levels


@dataclass(frozen=True, slots=True)
class JudgedLevel:
    """A level, and what was wrong with it."""

    target: float
    failing: str = ""
    """What its users did: `did not meet p95 below 500 ms (612 ms)`; empty if the level held."""


def holding_sentences(
    objectives: Sequence[Objective], terms: ViewTerms, levels: LevelMeasurements, rows: Sequence[LevelRow]
) -> Iterator[str]:
    """How many users met the objectives; nothing for a run at one concurrency, or without such an objective."""
    asked = [objective for objective in objectives if _can_be_asked(objective)]
    tried = [row for row in rows if not row.warm_up and row.target]
    judged = list(_judge(asked, terms, levels, tried)) if asked else []
    if len({level.target for level in judged}) < MIN_LEVELS:
        return
    met = " and ".join(words_of(objective.rule) for objective in asked)
    failed = min((level for level in judged if level.failing), key=lambda level: level.target, default=None)
    held = max((level.target for level in judged if failed is None or level.target < failed.target), default=None)
    if failed is None:
        most = _of_all(held, max(row.target for row in tried))
        yield f"It holds at least {_users(held)}, the most that {most}, with {met}."
    elif held is None:
        fewest = _of_all(failed.target, min(row.target for row in tried))
        yield f"Already {_users(failed.target)}, the fewest that {fewest}, {failed.failing}."
    else:
        yield f"It holds {_users(held)} with {met}; {_users(failed.target)} {failed.failing}."


def _of_all(judged: float | None, tried: float) -> str:
    """Whether the outermost level that was judged is also the outermost of all."""
    return "were tried" if judged == tried else f"could be judged ({tried:g} were tried)"


def _can_be_asked(objective: Objective) -> bool:
    rule = objective.rule
    is_goal = rule.statistic in (*RATES, "rate") and not rule.op.startswith("<")
    return objective.severity == "fail" and objective.name != ALWAYS and not is_goal and why_cannot_steer(rule) is None


def _judge(
    objectives: Sequence[Objective], terms: ViewTerms, levels: LevelMeasurements, rows: Sequence[LevelRow]
) -> Iterator[JudgedLevel]:
    numbers = {seconds(level.start): level.number for level in terms.schedule.levels}
    hanging = hanging_levels(rows)
    for row in rows:
        number = numbers[row.start_s]
        if (MISLEADING - {"failures"}) & set(row.marks) or levels.steady_part(number) is None:
            continue
        if row.start_s in hanging:
            yield JudgedLevel(row.target, "got no answer")
            continue
        totals = terms.totals([levels.judged(number)])
        seen = [(objective, observe(objective, totals)) for objective in objectives]
        failing = [text for one, found in seen if (text := _failing(one, found))]
        if failing:
            yield JudgedLevel(row.target, failing[0])
        elif all(found.samples >= one.enough or not one.needs_data for one, found in seen):
            yield JudgedLevel(row.target)


def _failing(objective: Objective, found: Observation) -> str:
    """How an objective was broken; empty if it was not, and if too few samples say so."""
    rule = objective.rule
    if found.value is None or found.samples < objective.enough or rule.holds(found.value):
        return ""
    return f"did not meet {words_of(rule)} ({describe(float(f'{found.value:.4g}'), rule.unit)})"


def _users(target: float | None) -> str:
    return count(round(target or 0), "user")
