"""What the command line changes: replaced before variables, scaled after."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_samples import load, mistakes, only_mistake, small

from gradual_common.plan.reading.overrides import Overrides, Scale, split_path
from gradual_common.schedule.ramps.additive import AdditiveRamp
from gradual_common.schedule.ramps.levels import LevelsRamp
from gradual_common.schedule.ramps.linear import LinearRamp
from gradual_common.schedule.ramps.multiplicative import MultiplicativeAlone
from gradual_common.schedule.slots import apportion


def sets(*pairs: tuple[str, Any]) -> Overrides:
    return Overrides(sets=pairs)


def test_entries_of_lists_are_found_by_name_or_number() -> None:
    plan = load(small(), sets(("users.b.concurrency", "7"), ("users[0].name", "first"))).plan
    assert [(group.name, group.concurrency) for group in plan.users] == [("first", 6), ("b", 7)]


def test_steps_are_found_by_their_action() -> None:
    plan = load(small(), sets(("users.b.behavior.post.think_time", "2s"))).plan
    assert plan.users[1].behavior[1].think_time is not None


def test_values_are_typed_as_in_a_file() -> None:
    plan = load(small(), sets(("config.seed", "5"), ("config.name", "'5'"), ("actions.look.query", "{a: [1, x]}"))).plan
    assert (plan.config.seed, plan.config.name, plan.actions["look"].query) == (5, "5", {"a": [1, "x"]})


def test_values_from_python_are_taken_as_they_are() -> None:
    assert load(small(), sets(("config.seed", 5))).plan.config.seed == 5


def test_mappings_on_the_way_are_made() -> None:
    assert load(small(), sets(("actions.look.headers.X-A", "1"))).plan.actions["look"].headers == {"X-A": 1}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("users.c.concurrency", "--set: users.c.concurrency: there is no entry 'c' (entries: a, b)"),
        ("users.5.name", "there is no entry '5'"),
        ("config.duration.x", "'duration' is '1m', so it holds no 'x' (set it as a whole)"),
        ("config..x", "is not a path"),
        ("", "the path is empty"),
        ("config.durration", "--set: config.durration: unknown key 'durration' (did you mean 'duration'?)"),
    ],
)
def test_a_path_that_leads_nowhere_is_a_mistake(path: str, message: str) -> None:
    assert message in only_mistake(small(), sets((path, "1")))


def test_paths_have_quotes_around_names_with_dots() -> None:
    assert split_path('actions."a.b".query.x[2]') == ["actions", "a.b", "query", "x", 2]


def test_a_value_that_is_not_yaml_is_a_mistake() -> None:
    assert any(
        problem.startswith("--set:1: this is not YAML") for problem in mistakes(small(), sets(("config.name", "[")))
    )


def test_an_option_replaces_what_set_replaced() -> None:
    overrides = Overrides(base_url="http://c", duration="3s", sets=(("config.base_url", "http://b"),))
    config = load(small(config__base_url="${UNSET}"), overrides).plan.config
    assert (config.base_url, config.duration) == ("http://c", 3_000_000_000)


def test_a_ramp_config_that_is_set_replaces_the_ramp_up() -> None:
    ramp = "{strategy: additive, increment: 2, interval: 1s}"
    plan = load(small(config__ramp_up="multiplicative"), sets(("config.ramp_config", ramp))).plan
    assert isinstance(plan.config.ramp, AdditiveRamp)


def test_a_ramp_up_that_is_set_replaces_the_ramp_config() -> None:
    ramp = {"strategy": "additive", "increment": 2, "interval": "1s"}
    plan = load(small(config__ramp_config=ramp), sets(("config.ramp_up", "multiplicative"))).plan
    assert plan.config.ramp == MultiplicativeAlone(strategy="multiplicative")


def test_a_part_of_a_ramp_is_set_inside_it() -> None:
    ramp = {"strategy": "additive", "increment": 2, "interval": "1s"}
    plan = load(small(config__ramp_config=ramp), sets(("config.ramp_config.increment", "3"))).plan
    assert isinstance(plan.config.ramp, AdditiveRamp)
    assert plan.config.ramp.increment == 3


def test_a_duration_for_a_plan_with_phases_says_which_to_set() -> None:
    plan = small(config__duration=None, config__phases=[{"name": "up", "duration": "1m"}])
    assert "--set config.phases.up.duration=9s" in only_mistake(plan, Overrides(duration="9s"))


def test_data_names_another_file_beside_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.csv").write_text("id\n" + "1\n" * 10)
    monkeypatch.chdir(tmp_path)
    plan = small(users__0__data={"user": {"file": "x.csv", "pick": "random"}}, data={"user": "y.csv"})
    loaded = load(plan, Overrides(data={"user": "own.csv"}), folder=tmp_path / "elsewhere")
    assert loaded.plan.users[0].data["user"].file == "own.csv"
    assert loaded.plan.users[0].data["user"].pick == "random"
    assert loaded.plan.data["user"].file == "own.csv"


def test_data_that_the_plan_lacks_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.csv").write_text("id\n" + "1\n" * 10)
    monkeypatch.chdir(tmp_path)
    loaded = load(small(actions__look__url="/{{user.id}}"), Overrides(data={"user": "own.csv"}))
    assert loaded.data[1, "user"].row(3) == {"id": "1"}


@given(st.integers(1, 10_000))
def test_users_are_scaled_by_websters_method(users: int) -> None:
    plan = load(small(), Overrides(users=users)).plan
    assert tuple(group.concurrency for group in plan.users) == apportion([6, 4], users)


@pytest.mark.parametrize(
    ("ramp", "scaled"),
    [
        (
            {"strategy": "additive", "initial": 2, "increment": 2, "interval": "1s", "max_concurrency": 5},
            AdditiveRamp(strategy="additive", initial=2, increment=2, interval="1s", max_concurrency=50),
        ),
        (
            {"strategy": "linear", "initial": 10, "max_concurrency": 0},
            LinearRamp(strategy="linear", initial=100, max_concurrency=0),
        ),
        (
            {"strategy": "levels", "levels": [{"concurrency": 10, "for": 1}, {"concurrency": 5}]},
            LevelsRamp(strategy="levels", levels=[{"concurrency": 100, "for": 1}, {"concurrency": 50}]),
        ),
        (
            "{'strategy': 'linear', 'max_concurrency': 10}",
            LinearRamp(strategy="linear", max_concurrency=100),
        ),
    ],
)
def test_heights_of_a_ramp_scale_and_its_steps_stay(ramp: Any, scaled: Any) -> None:
    assert load(small(config__ramp_up=ramp), Overrides(users=100)).plan.config.ramp == scaled


def test_a_phases_own_mix_keeps_its_proportion() -> None:
    phases = [{"name": "p", "duration": "1m", "users": {"a": 10}}]
    plan = load(small(config__duration=None, config__phases=phases), Overrides(users=20)).plan
    assert plan.config.phases[0].users == {"a": 20, "b": 8}


def test_ramps_of_groups_scale_with_their_group() -> None:
    ramp = {"strategy": "linear", "max_concurrency": 2}
    plan = load(small(users__0__ramp_up=ramp, users__1__ramp_up=ramp), Overrides(users=20)).plan
    assert [group.ramp.max_concurrency for group in plan.users] == [4, 4]


def test_no_users_cannot_run() -> None:
    assert only_mistake(small(), Overrides(users=0)) == "-u: 0 users cannot run; at least 1 is needed"


def test_scaling_rounds_halves_up() -> None:
    assert [Scale(1, 2).of(count) for count in range(5)] == [0, 1, 1, 2, 2]
