"""A plan with an objective that no run can judge is refused, with the line."""

import pytest
from plan_samples import load

from gradual_common.errors import PlanError

PLAN = """\
config: {name: bank, base_url: "http://bank.example", duration: 40s}
users: [{name: customer, concurrency: 10, behavior: [look]}]
actions: {look: {url: /}}
thresholds:
  - p95 < 1s
  - RULE
"""


def test_users_that_no_level_has_are_a_mistake() -> None:
    with pytest.raises(PlanError) as caught:
        load(PLAN.replace("RULE", "p95 < 1s at 200 users"))
    (problem,) = caught.value.problems
    assert (problem.line, "no measured level has 200 users; there are 10" in problem.message) == (6, True)


def test_a_window_longer_than_the_run_is_a_mistake() -> None:
    with pytest.raises(PlanError, match="for 1m on end; the longest stretch has 40s"):
        load(PLAN.replace("RULE", "p95 < 1s for 1m"))
