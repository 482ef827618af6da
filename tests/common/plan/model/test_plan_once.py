"""Set-up and teardown as plans of one user, with series of their own."""

import pytest
from plan_samples import load, small

from gradual_common.language.document import Once
from gradual_common.plan.model.once import once_plan
from gradual_common.plan.model.series import SeriesIndex


@pytest.mark.parametrize(("section", "part"), [("setup", "on_start"), ("teardown", "on_stop")])
def test_a_section_is_one_user_with_its_steps(section: Once, part: str) -> None:
    plan = load(small(**{section: ["look", "post"], "config__think_time": "3s"})).plan
    own = once_plan(plan, section)
    (user,) = own.users
    assert (user.name, user.concurrency, user.behavior) == (section, 1, ())
    assert [step.action for step in getattr(user, part)] == ["look", "post"]
    assert own.config.think_time is None, "the think time of users is none of it"
    index = SeriesIndex.of(own)
    assert [(series.number, series.name) for series in index.steps] == [(0, "look"), (1, "post")]
    assert index.groups == (section,)


def test_the_series_of_the_run_are_those_of_the_plan_without_it() -> None:
    without, with_both = load(small()).plan, load(small(setup=["look"], teardown=["post"])).plan
    assert SeriesIndex.of(with_both).steps == SeriesIndex.of(without).steps
