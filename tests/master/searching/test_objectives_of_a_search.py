"""Objectives that a search does not decide by: they are judged over all levels that it has chosen."""

from collections.abc import Sequence

import numpy as np
import pytest
from searched_run import Answer, SearchedRun

MS = 10**6


def bending(users: int, random: np.random.Generator) -> Sequence[Answer]:
    """40 ms up to 20 users, 900 ms with more."""
    mean = 40 if users <= 20 else 900
    return [("", max(1, int(random.normal(mean, mean / 10) * MS))) for _ in range(users)]


@pytest.mark.parametrize("rule", ["p95 < 200ms", "p95 < 200ms for 5s", "p95 < 200ms over levels"])
def test_a_level_that_was_chosen_during_the_run_breaks_an_objective(rule: str) -> None:
    run = SearchedRun(bending, thresholds=[rule], objectives=["mean < 100ms"])
    (objective,) = [row for row in run.run(3000).verdict.objectives if row.name == rule]
    assert objective.observed is not None
    assert (objective.passed, objective.observed > 900) == (False, True)
