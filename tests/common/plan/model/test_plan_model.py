"""The model reads what people write and holds what the rest of Gradual reads."""

from typing import Any

import pytest
from plan_samples import small
from pydantic import ValidationError

from gradual_common.plan.model.plan import Config, DataSet, Plan, Threshold, UserGroup
from gradual_common.plan.model.single_steps import Step
from gradual_common.schedule.ramps.additive import AdditiveAlone, AdditiveRamp
from gradual_common.schedule.ramps.levels import RampLevel
from gradual_common.schedule.ramps.linear import LinearRamp
from gradual_common.think_times.uniform import UniformTime

S = 1_000_000_000


def test_short_forms_become_mappings() -> None:
    plan = Plan.model_validate(
        small(
            users__0__behavior=["look", {"action": "look", "think_time": "2-5s"}],
            users__0__data={"user": "users.csv"},
            thresholds=["p95 < 1s"],
        )
    )
    group = plan.users[0]
    assert group.behavior[0] == Step(action="look", name="look")
    assert group.behavior[1].name == "look#2"
    assert group.behavior[1].think_time == UniformTime(distribution="uniform", low=2 * S, high=5 * S)
    assert group.data == {"user": DataSet(file="users.csv")}
    assert plan.thresholds == (Threshold(rule="p95 < 1s"),)


def test_step_names_are_unique_over_all_sections_of_a_group() -> None:
    group = UserGroup(
        name="a", concurrency=1, on_start=["x"], behavior=["x", {"action": "y", "name": "x"}], on_stop=["z"]
    )
    names = [step.name for step in (*group.on_start, *group.behavior, *group.on_stop)]
    assert names == ["x", "x#2", "x#3", "z"]


@pytest.mark.parametrize(
    ("written", "ramp"),
    [
        ({"ramp_up": "additive"}, AdditiveAlone(strategy="additive")),
        ({"ramp": "linear"}, LinearRamp(strategy="linear")),
        (
            {"ramp_up": "additive", "ramp_config": {"increment": 2, "interval": 3}},
            AdditiveRamp(strategy="additive", increment=2, interval=3),
        ),
        (
            {"ramp": AdditiveRamp(strategy="additive", increment=2, interval=3)},
            AdditiveRamp(strategy="additive", increment=2, interval=3),
        ),
        ({}, None),
    ],
)
def test_the_ramp_is_folded_into_one_field(written: dict[str, Any], ramp: Any) -> None:
    assert Config.model_validate(written).ramp == ramp


def test_everything_is_frozen_and_strict() -> None:
    plan = Plan.model_validate(small())
    with pytest.raises(ValidationError, match="frozen"):
        plan.config.name = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Step.model_validate({"action": "x", "acton": "y"})


def test_defaults_are_those_of_the_plan_language() -> None:
    config = Config()
    assert (config.graceful_stop, config.timeout, config.connect_timeout) == (30 * S, 30 * S, 10 * S)
    assert (config.follow_redirects, config.tls.verify) == (10, True)


def test_a_level_is_written_with_for() -> None:
    assert RampLevel.model_validate({"concurrency": 5, "for": "10s"}).for_ == 10 * S


def test_numbers_may_be_quoted() -> None:
    assert UserGroup(name="a", concurrency="5", behavior=["x"]).concurrency == 5
