"""From thresholds and success rates to objectives: which samples, and one for every name of a `*`."""

from typing import Any

import pytest
from raw_run import plan_of, schedule_of

from gradual_common.errors import RuleError
from gradual_common.kinds.failures import KIND, OK
from gradual_common.plan.model.series import SeriesIndex
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.of_plan import plan_objectives
from gradual_master.results.merging.sums import OUTSIDE

FAILURES = tuple(range(1, len(KIND)))


def objectives_of(*rules: Any, warm_up: int = 0, **changes: Any) -> list[Objective]:
    """The objectives of the plan's thresholds, without those that are in force by themselves."""
    thresholds = [rule if isinstance(rule, dict) else {"rule": rule} for rule in rules]
    plan = plan_of(thresholds=thresholds, **changes)
    *given, always = plan_objectives(plan, SeriesIndex.of(plan), schedule_of((2, 1), (4, 2), warm_up=warm_up)).judged
    assert (always.name, always.severity, always.needs_data) == ("error_rate < 100%", "fail", True)
    return [objective for objective in given if objective.is_own]


@pytest.mark.parametrize(
    ("rule", "steps"),
    [
        ("p95 < 1s", (0, 1, 2)),
        ("p95(login) < 1s", (0,)),
        ("p95(login, rates) < 1s", (0, 2)),
        ("p95(group=customer) < 1s", (0, 1)),
        ("p95(step=browse, group=customer) < 1s", (1,)),
        ("p95(browse, group=guest) < 1s", ()),
        ("iteration.p95 < 1s", (3, 4)),
        ("iteration.p95(group=guest) < 1s", (4,)),
    ],
)
def test_a_scope_chooses_its_steps(rule: str, steps: tuple[int, ...]) -> None:
    (objective,) = objectives_of(rule)
    assert objective.selection.steps == steps


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [
        ("p95 < 1s", None),
        ("p95(ok) < 1s", (OK,)),
        ("p95(failed) < 1s", FAILURES),
        ("count(failed) < 5", FAILURES),
        ("exchange.p95(failed) < 1s", FAILURES),
        ("count(ok, failed) < 5", (OK, *FAILURES)),
        ("p95(kind=connect) < 1s", (KIND["connect"],)),
        ("count(kind=timeout, kind=reset) < 5", (KIND["timeout"], KIND["reset"])),
        ("count(kind=timeout, ok) < 5", ()),
        ("count(kind=assertion) < 5", tuple(number for name, number in KIND.items() if name.startswith("assertion:"))),
    ],
)
def test_outcomes_and_kinds_narrow_it(rule: str, kinds: tuple[int, ...] | None) -> None:
    (objective,) = objectives_of(rule)
    assert objective.selection.kinds == kinds


def test_warm_up_phases_are_in_no_objective() -> None:
    every, main, warm = objectives_of("p95 < 1s", "p95(phase=main) < 1s", "p95(phase=warm) < 1s", warm_up=1)
    assert every.selection.phases == (1, OUTSIDE)
    assert main.selection.phases == (1,), "the drain is in no phase"
    assert warm.selection.phases == ()


def test_a_star_is_one_objective_per_name() -> None:
    names = [objective.name for objective in objectives_of("error_rate(*) < 1%")]
    assert names == [f"error_rate(action={name}) < 1%" for name in ("login", "browse", "rates")]
    pairs = objectives_of({"rule": "p95(group=*, action=*) < 1s", "name": "fast", "severity": "warn"})
    assert [(objective.name, objective.selection.steps) for objective in pairs] == [
        ("fast (group=customer, action=login)", (0,)),
        ("fast (group=customer, action=browse)", (1,)),
        ("fast (group=guest, action=rates)", (2,)),
    ], "pairs that no step belongs to are left out"
    assert {(objective.severity, objective.needs_data) for objective in pairs} == {("warn", False)}
    assert len(objectives_of("count(kind=*) < 9")) == len(FAILURES)
    assert [objective.scope for objective in objectives_of("p95(phase=*) < 1s", warm_up=1)] == ["phase=main"]
    assert len(objectives_of("p95(step=*) < 1s")) == 3


def test_a_steps_success_rate_is_an_objective_on_that_step() -> None:
    behavior = [
        {"action": "login", "success_rate": 0.95},
        {"action": "login"},
        {"action": "browse", "success_rate": "99.9%"},
    ]
    users = [{"name": "the rich", "concurrency": 1, "behavior": behavior}]
    login, browse = objectives_of(users=users)
    assert login.name == login.rule.text == 'success_rate(step=login, group="the rich") >= 95%'
    assert login.scope == 'step=login, group="the rich"'
    assert (login.selection.steps, login.rule.limit, login.needs_data) == ((0,), 95, False)
    assert (browse.selection.steps, browse.rule.limit) == ((2,), 99.9)


def test_a_threshold_that_cannot_be_read_is_an_error() -> None:
    plan = plan_of().model_copy(
        update={"thresholds": (plan_of(thresholds=["p95 < 1s"]).thresholds[0].model_copy(update={"rule": "p95 < 5"}),)}
    )
    with pytest.raises(RuleError, match="such as 5ms"):
        plan_objectives(plan, SeriesIndex.of(plan), schedule_of((2, 1)))


@pytest.mark.parametrize(
    ("changes", "is_in_force", "reason"),
    [
        ({}, True, "the plan has no key for thresholds"),
        ({"thresholds": []}, False, "an empty list turns it off"),
        ({"thresholds": ["p95 < 1s"]}, True, "times say nothing of failures"),
        ({"thresholds": ["error_rate < 90%"]}, False, "the plan's own"),
        ({"thresholds": [{"rule": "error_rate < 1%", "severity": "warn"}]}, False, "the plan's own, if only a warning"),
        ({"thresholds": ["success_rate(login) > 1%"]}, False, "of one action is enough"),
        ({"thresholds": ["failures < 9"]}, False, "a count of failures"),
        ({"thresholds": ["count(failed) < 9"]}, False, "the same, written in another way"),
        ({"thresholds": ["count > 9", "throughput(failed) < 9/s", "p95(failed) < 1s"]}, True, "others do not count"),
        (
            {"users": [{"name": "u", "concurrency": 1, "behavior": [{"action": "login", "success_rate": 0.5}]}]},
            False,
            "a step's own rate",
        ),
    ],
)
def test_a_plan_that_judges_failures_nowhere_has_a_default(
    changes: dict[str, Any], is_in_force: bool, reason: str
) -> None:
    thresholds = [one if isinstance(one, dict) else {"rule": one} for one in changes.get("thresholds", ())]
    plan = plan_of(**(changes | ({"thresholds": thresholds} if "thresholds" in changes else {})))
    rows = plan_objectives(plan, SeriesIndex.of(plan), schedule_of((2, 1))).judged
    names = [objective.name for objective in rows if not objective.is_own]
    assert names == [*(["error_rate < 5% (default)"] if is_in_force else []), "error_rate < 100%"], reason
    assert all(objective.rule.text in objective.name for objective in rows)
