"""Whatever a ramp measures: the sentences of the answer agree with each other, with the objectives, and with the users.

The oracle for objectives is the table itself: all requests of a level take the same time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_run import MS, START, S, Stretch, agent, batch_of, fleet_of, run_of

from gradual_common.plan.model.plan import Plan
from gradual_common.plan.scheduling import compile_schedule
from gradual_master.analysis.scalability.analyse import analyse_scalability
from gradual_master.analysis.scalability.levels import MeasuredLevel
from gradual_master.analysis.scalability.wording import scalability_sentences
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

SECONDS = 5
LIMIT_MS = 250
ENOUGH = 20
"""Samples for a p95."""

USERS = re.compile(r"(\d[\d,.]*) users?\b")
BEND = re.compile(r"bends at about ([\d,.]+) user")
PEAK = re.compile(r"Beyond about ([\d,.]+) user")
INTERVAL = re.compile(r"interval: ([\d,.]+) to ([\d,.]+)\), more users mean less")
SAYS_SO = ("the fit puts it at", "did not count")
"""A sentence that names users which were not measured says it by these words."""


@dataclass(frozen=True)
class LevelMade:
    """A level of a made ramp: each second ends `requests`, each after `ms`."""

    users: int
    ms: int
    requests: int
    kind: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether there are enough samples for the p95."""
        return self.requests * SECONDS >= ENOUGH


LEVELS = st.builds(
    LevelMade,
    users=st.integers(1, 400),
    ms=st.sampled_from([10, 100, 200, 400, 900]),
    requests=st.sampled_from([0, 1, 3, 4, 30, 90]),
    kind=st.sampled_from(["", "", "", "status"]),
)


def summary_of(levels: Sequence[LevelMade]) -> Summary:
    duration = SECONDS * len(levels)
    steps = [{"concurrency": level.users, "for": f"{SECONDS}s"} for level in levels]
    ramp = {"strategy": "levels", "levels": steps}
    document = {
        "config": {"base_url": "http://bank.example", "duration": f"{duration}s", "ramp_up": ramp},
        "users": [{"name": "caller", "concurrency": max(level.users for level in levels), "behavior": ["call"]}],
        "actions": {"call": {"url": "/"}},
        "thresholds": [f"p95 < {LIMIT_MS}ms", f"p95 < {LIMIT_MS}ms over levels"],
    }
    plan = Plan.model_validate(document)
    aggregate = Aggregate(plan, compile_schedule(plan), S)
    aggregate.start = START
    for second in range(duration):
        level = levels[second // SECONDS]
        samples = [(0, level.kind, level.ms * MS)] * level.requests
        users = ((level.users, level.users, 0, 0),)
        number = next(one.level for one in reversed(aggregate.schedule.changes) if one.at <= second * S)
        stretch = Stretch(number, second * S, (second + 1) * S, samples, users=users)
        aggregate.merge("a", batch_of(second + 1, second, stretch, groups=1))
        aggregate.close(second)
    return build_summary(aggregate, fleet_of(agent("a")), run_of(duration_s=float(duration)))


def number(text: str) -> float:
    return float(text.rstrip(".,").replace(",", ""))


def named(sentence: str) -> list[float]:
    return [number(text) for text in USERS.findall(sentence)]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(LEVELS, min_size=2, max_size=5, unique_by=lambda level: level.users))
def test_the_first_sentence_never_contradicts_the_levels_or_an_objective_over_them(levels: list[LevelMade]) -> None:
    summary = summary_of(levels)
    first = next(iter(summary.analysis.answer), "")
    tried = sorted(level.users for level in levels)
    over_levels = next(row for row in summary.verdict.objectives if row.name.endswith("over levels"))
    if not first.startswith(("It holds", "Already")):
        return
    assert set(named(first)) <= set(tried)
    if first.startswith("It holds"):
        held = named(first)[0]
        below = [level for level in levels if level.users <= held and level.is_judged]
        assert all(level.ms < LIMIT_MS and not level.kind for level in below), (first, levels)
        assert not any(level.users == held and not level.requests for level in levels), first
    if "the most that were tried" in first:
        assert named(first)[0] == tried[-1]
        assert over_levels.passed is not False, (first, over_levels)
    if "the fewest that were tried" in first:
        assert named(first)[0] == tried[0]
    if "did not meet p95" in first:
        assert over_levels.passed is False, (first, over_levels)
    silent = {level.users for level in levels if not level.requests}
    if "got no answer" in first:
        assert named(first)[-1 if first.startswith("It") else 0] in silent


def made_tables() -> list[tuple[list[MeasuredLevel], bool]]:
    """Tables that follow a law, that are flat, that fall, and that follow nothing."""
    rng = np.random.default_rng(14)
    tables = []
    for case in range(48):
        count = int(rng.integers(6, 10))
        users = np.unique(np.round(rng.uniform(1, 400, count))) if case % 2 else np.arange(1.0, count + 1) * 10
        peak = 10 ** rng.uniform(0.5, 3.5)
        shapes = (
            users / (1 + 0.03 * (users - 1) + 0.97 / peak**2 * users * (users - 1)),
            np.minimum(users, 10 ** rng.uniform(0.5, 3)),
            10 ** rng.uniform(0, 1, len(users)),
            1e4 / users**2,
        )
        throughput = shapes[case % 4] * (1 + 0.03 * rng.standard_normal(len(users)))
        pairs = zip(users.tolist(), throughput.tolist(), strict=True)
        tables.append(([MeasuredLevel(n, x) for n, x in pairs], bool(case % 3)))
    return tables


@pytest.mark.parametrize(("levels", "relative"), made_tables())
def test_no_sentence_names_users_that_were_not_measured_unless_it_says_so(
    levels: list[MeasuredLevel], relative: bool
) -> None:
    # Sentences have whole users from 10 on, and two digits below.
    least, most = levels[0].concurrency * 0.95, levels[-1].concurrency * 1.05
    sentences = scalability_sentences(analyse_scalability(levels, relative))
    for sentence in sentences:
        if not any(words in sentence for words in SAYS_SO):
            assert all(least <= users <= most for users in named(sentence)), sentence
    whole = " ".join(sentences)
    for low, high in INTERVAL.findall(whole):
        assert least <= number(low) <= number(high) <= most, whole
    bend, peak = BEND.search(whole), PEAK.search(whole)
    if bend and peak:
        assert number(bend[1]) <= number(peak[1]), whole
    if "falls from the smallest level" in whole:
        assert not bend, whole
        assert "grows" not in whole
    if "does not describe" in whole:
        assert "bends" not in whole
        assert "peak was" not in whole
