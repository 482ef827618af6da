"""A plan is shown without the credentials in its names, and else as it is."""

from plan_samples import load, small

from gradual_common.plan.display import plan_for_display
from gradual_common.plan.reading.overrides import Overrides
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.rules.parser import parse_rule

HIDDEN = "hunter2-x"
TWO = {"env": {"A_TOKEN": HIDDEN, "B_TOKEN": "other-9"}}


def test_a_plan_without_credentials_in_its_names_is_the_same() -> None:
    loaded = load(small(actions__look__headers={"Authorization": HIDDEN}))
    assert plan_for_display(loaded.plan, loaded.job) is loaded.plan


def test_names_urls_assertions_and_rules_are_shown_without_credentials() -> None:
    plan = small(
        config__name="run ${A_TOKEN}",
        config__base_url=f"https://me:{HIDDEN}@host",
        config__duration=None,
        config__phases=[{"name": "up ${A_TOKEN}", "duration": "1m", "users": {"a": 3}}],
        users__0__name="a",
        users__0__behavior__0={"action": "look", "name": "see-${A_TOKEN}"},
        actions__look__url="https://t0ken@other/${A_TOKEN}",
        actions__look__assertions=[{"header": "X-A: ${A_TOKEN}"}],
        thresholds=['p95(step="see-${A_TOKEN}") < 5s', {"rule": "error_rate < 5%", "name": "of ${A_TOKEN}"}],
    )
    loaded = load(plan, Overrides(**TWO))
    shown = plan_for_display(loaded.plan, loaded.job)
    assert HIDDEN not in str(shown.model_dump(exclude={"actions": {"look": {"assertions": {0: {"expected"}}}}}))
    assert shown.config.name == "run ***"
    assert shown.config.base_url == "https://***@host"
    assert shown.users[0].behavior[0].name == "see-***"
    assert shown.actions["look"].assertions[0].text == "header: X-A: ***"
    assert parse_rule(shown.thresholds[0].rule).scope.names("step") == ("see-***",)


def test_names_that_became_equal_are_numbered_and_the_schedule_stays() -> None:
    plan = small(users__0__name="${A_TOKEN}", users__1__name="${B_TOKEN}")
    loaded = load(plan, Overrides(**TWO))
    shown = plan_for_display(loaded.plan, loaded.job)
    assert [group.name for group in shown.users] == ["***", "***#2"]
    assert compile_schedule(shown).changes == compile_schedule(loaded.plan).changes
