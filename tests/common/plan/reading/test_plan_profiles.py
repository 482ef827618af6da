"""`profiles` and `--profile`: what is merged how, in which order, and every mistake with its line."""

import json
from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small

from gradual_common.plan.reading.overrides import Overrides
from gradual_common.schedule.ramps.levels import LevelsRamp

TEXT = """\
config: {base_url: "http://a.example", duration: 1m, headers: {X-A: a, X-B: b}}
users: [{name: a, concurrency: 5, behavior: [b]}, {name: c, concurrency: 5, behavior: [b]}]
actions: {b: {url: /}}
profiles:
  staging:
    config:
      base_url: http://staging.example
      headers: {X-B: other}
    users: [{name: c, concurrency: 2}]
    thresholds: ["p95 < 1s"]
  broken:
    config:
      duration: soon
"""


def with_profile(name: str | None = "p", *sets: tuple[str, Any], **options: Any) -> Overrides:
    return Overrides(profile=name, sets=sets, **options)


def test_mappings_are_merged_deeply_and_entries_by_name() -> None:
    loaded = load(TEXT, with_profile("staging"))
    config = loaded.plan.config
    assert (config.base_url, config.headers) == ("http://staging.example", {"X-A": "a", "X-B": "other"})
    assert [(group.name, group.concurrency) for group in loaded.plan.users] == [("a", 5), ("c", 2)]
    assert loaded.profile == "staging"
    assert loaded.threshold_lines == (10,)


def test_without_the_option_the_plan_is_as_it_is_written() -> None:
    loaded = load(TEXT)
    assert (loaded.plan.config.base_url, loaded.plan.thresholds) == ("http://a.example", ())
    assert loaded.profile is None


def test_the_order_is_file_profile_set_and_the_own_option() -> None:
    plan = small(profiles={"p": {"config": {"base_url": "http://p", "duration": "2m", "seed": 2, "name": "p"}}})
    loaded = load(plan, with_profile("p", ("config.base_url", "http://set"), ("config.seed", "3"), base_url="http://o"))
    config = loaded.plan.config
    assert (config.name, config.duration, config.seed, config.base_url) == ("p", 120 * 10**9, 3, "http://o")


def test_an_unknown_profile_is_reported_with_the_names() -> None:
    assert only_mistake(TEXT, with_profile("stagin")) == (
        "--profile: there is no profile 'stagin' (did you mean 'staging'?)"
    )
    assert "(there are: staging, broken)" in only_mistake(TEXT, with_profile("x"))
    assert "(the plan has no profiles)" in only_mistake(small(), with_profile("x"))


def test_a_mistake_in_a_profile_has_its_line_there() -> None:
    assert only_mistake(TEXT, with_profile("broken")).startswith(
        "p.yaml:13: profiles.broken.config.duration: 'soon' is not a duration"
    )


def test_an_unknown_key_is_found_in_a_profile_that_is_not_used() -> None:
    text = TEXT.replace("      base_url: http", "      base_urll: http")
    assert only_mistake(text) == (
        "p.yaml:7: profiles.staging.config.base_urll: unknown key 'base_urll' (did you mean 'base_url'?)"
    )
    assert only_mistake(text.replace("    thresholds", "    thresolds").replace("base_urll", "base_url")).startswith(
        "p.yaml:10: profiles.staging.thresolds: unknown key 'thresolds'"
    )


@pytest.mark.parametrize("chosen", [None, "a.b"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"confg": {}}, "profiles.\"a.b\".confg: unknown key 'confg' (did you mean 'config'?)"),
        (
            {"users": [{"name": "a", "concurency": 1}]},
            "profiles.\"a.b\".users.a.concurency: unknown key 'concurency' (did you mean 'concurrency'?)",
        ),
        (
            {"config": {"headers": {"expect": "100-continue"}}},
            'profiles."a.b".config.headers.expect: expect cannot be set: a body is sent at once, without waiting for '
            "100 Continue (leave it out)",
        ),
    ],
)
def test_the_path_of_a_mistake_in_a_profile_begins_with_it(
    changes: dict[str, Any], message: str, chosen: str | None
) -> None:
    plan = small(profiles={"a.b": changes})
    assert only_mistake(plan, with_profile(chosen)) == f"p.yaml: {message}"


def test_a_mistake_of_the_plan_is_not_one_of_its_profiles_too() -> None:
    """On one line, as JSON is written, line numbers do not tell them apart."""
    plan = small(config__durtion=1, profiles={"p": {"config": {"seed": 1}}})
    (mistake,) = mistakes(json.dumps(plan))
    assert mistake.startswith("p.yaml:1: config.durtion: unknown key")


def test_a_variable_of_a_profile_that_is_not_used_need_not_be_set() -> None:
    plan = small(profiles={"p": {"config": {"base_url": "http://${UNSET_HOST}"}}})
    assert load(plan).plan.config.base_url == "http://bank.example"
    assert "UNSET_HOST" in only_mistake(plan, with_profile())


@pytest.mark.parametrize(
    ("profiles", "message"),
    [
        ([], "profiles: a mapping of profiles is expected; found a list"),
        ({"p": "x"}, "profiles.p: a mapping of changes is expected; found 'x'"),
        ({"p": {"include": ["x.yaml"]}}, "profiles.p.include: a profile cannot hold include"),
    ],
)
def test_what_is_no_profile_is_reported(profiles: Any, message: str) -> None:
    assert message in only_mistake(small(profiles=profiles))


LEVELS = {"strategy": "levels", "levels": [{"concurrency": 2, "for": "1m"}]}
ADDITIVE = {"strategy": "additive", "initial": 1, "increment": 1, "interval": "1s"}


@pytest.mark.parametrize("key", ["ramp_up", "ramp_config", "ramp"])
def test_a_ramp_of_another_key_or_strategy_replaces_the_one_of_the_file(key: str) -> None:
    plan = small(config__ramp_config=ADDITIVE, profiles={"p": {"config": {key: LEVELS}}})
    assert isinstance(load(plan, with_profile()).plan.config.ramp, LevelsRamp)


def test_a_part_of_a_ramp_changes_that_part() -> None:
    plan = small(config__ramp_config=ADDITIVE, profiles={"p": {"config": {"ramp_config": {"initial": 3}}}})
    ramp = load(plan, with_profile()).plan.config.ramp
    assert ramp is not None
    assert ramp.model_dump(include={"initial", "increment"}) == {"initial": 3, "increment": 1}


def test_new_entries_come_last_and_other_lists_are_replaced() -> None:
    changes = {"users": [{"name": "n", "concurrency": 1, "behavior": ["look"]}], "thresholds": ["p50 < 1s"]}
    plan = load(small(thresholds=["p95 < 1s"], profiles={"p": changes}), with_profile()).plan
    assert [group.name for group in plan.users] == ["a", "b", "n"]
    assert [threshold.rule for threshold in plan.thresholds] == ["p50 < 1s"]


def test_steps_and_objectives_with_names_are_replaced_like_other_lists() -> None:
    steps = [{"action": "look", "name": "one"}, {"action": "look", "name": "two"}]
    changes = {"users": [{"name": "a", "behavior": [{"action": "post", "name": "two"}]}]}
    plan = load(small(users__0__behavior=steps, profiles={"p": changes}), with_profile()).plan
    assert [step.model_dump()["action"] for step in plan.users[0].behavior] == ["post"]


def test_phases_are_merged_by_name() -> None:
    phases = [{"name": "warm", "duration": "1m"}, {"name": "main", "duration": "5m"}]
    profile = {"config": {"phases": [{"name": "main", "duration": "1m"}]}}
    plan = load(small(config__duration=None, config__phases=phases, profiles={"p": profile}), with_profile()).plan
    assert [(phase.name, phase.duration // 10**9) for phase in plan.config.phases] == [("warm", 60), ("main", 60)]


def test_profiles_in_a_wrong_place_are_led_to_the_right_one() -> None:
    (found,) = mistakes(small(config__profiles={}))
    assert "unknown key 'profiles' (it belongs at the top of the plan)" in found
