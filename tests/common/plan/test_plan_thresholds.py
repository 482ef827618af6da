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


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("p95 > 2s", "keep one of them, or let 'p95 < 1s' allow more than 2s"),
        ("p50 >= 1s", "keep one of them, or let 'p95 < 1s' allow 1s"),
    ],
)
def test_two_objectives_that_nothing_can_meet_together_are_a_mistake(rule: str, hint: str) -> None:
    with pytest.raises(PlanError) as caught:
        load(PLAN.replace("RULE", rule))
    (problem,) = caught.value.problems
    assert (problem.path, problem.line, problem.hint) == ("thresholds[1]", 6, hint)
    assert problem.message == f"{rule!r} contradicts 'p95 < 1s' (thresholds[0]): nothing can meet both"


def test_an_objective_that_only_warns_contradicts_too() -> None:
    with pytest.raises(PlanError, match="nothing can meet both"):
        load(PLAN.replace("RULE", "{rule: p95 > 1s, severity: warn}"))
