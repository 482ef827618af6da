"""A plan compiles to levels that follow its ramps, share every target among the groups, and end exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.clock import NEVER
from gradual_common.errors import PlanError
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.schedule.schedule import Schedule, SchedulePhase
from gradual_common.schedule.slots import apportion

S = 10**9
ADDITIVE = {"strategy": "additive", "initial": 10, "increment": 10, "interval": "30s", "max_concurrency": 100}


def plan(config: dict[str, object], *groups: dict[str, object]) -> Plan:
    users = [{"behavior": [{"action": "ping"}], **group} for group in groups or (group(100),)]
    return Plan.model_validate({"config": config, "users": users, "actions": {"ping": {"url": "/"}}})


def group(concurrency: int, name: str = "a", **fields: object) -> dict[str, object]:
    return {"name": name, "concurrency": concurrency, **fields}


def stepped(*entries: tuple[int, str | None]) -> dict[str, object]:
    return {"strategy": "levels", "levels": [{"concurrency": users, "for": length} for users, length in entries]}


def compiled(config: dict[str, object], *groups: dict[str, object]) -> Schedule:
    return compile_schedule(plan(config, *groups))


def changes(schedule: Schedule) -> list[tuple[float, tuple[int, ...], int]]:
    return [(change.at / S, change.users, change.level) for change in schedule.changes]


def levels(schedule: Schedule) -> list[tuple[float, float, float]]:
    return [(level.start / S, level.end / S, level.target) for level in schedule.levels]


def test_the_golden_additive_ramp_has_ten_levels_and_an_exact_end() -> None:
    schedule = compiled({"duration": "10m", "ramp_config": ADDITIVE}, group(100))
    assert [(change.at / S, change.target) for change in schedule.changes] == [(30 * k, 10 * k + 10) for k in range(10)]
    assert levels(schedule)[-2:] == [(240, 270, 90), (270, 600, 100)]
    assert schedule.end == 600 * S
    assert schedule.phases == (SchedulePhase(0, "main", 0, 600 * S, False),)
    assert schedule.warnings == ()


def test_the_golden_multiplicative_ramp_has_five_levels() -> None:
    ramp = {"strategy": "multiplicative", "initial": 5, "multiplier": 2, "interval": "1m", "max_concurrency": 80}
    schedule = compiled({"duration": "10m", "ramp_config": ramp}, group(80))
    assert [(change.at / S, change.target) for change in schedule.changes] == [
        (0, 5),
        (60, 10),
        (120, 20),
        (180, 40),
        (240, 80),
    ]


def test_without_a_ramp_everybody_starts_at_once() -> None:
    schedule = compiled({"duration": "1m"}, group(100), group(50, "b"))
    assert changes(schedule) == [(0, (100, 50), 0)]
    assert schedule.groups == ("a", "b")
    assert schedule.peak == (100, 50)


def test_targets_are_shared_by_websters_method() -> None:
    schedule = compiled(
        {"duration": "10m", "ramp_config": ADDITIVE | {"max_concurrency": 150}}, group(100), group(50, "b")
    )
    assert all(change.users == apportion((100, 50), change.target) for change in schedule.changes)
    assert schedule.changes[-1].users == (100, 50)


def test_a_linear_stretch_is_cut_into_ten_levels_with_their_mean_users() -> None:
    """Changes of a part share its number; what follows the stretch has its own."""
    schedule = compiled({"duration": "1m", "ramp_config": {"strategy": "linear", "over": "20s"}}, group(40))
    assert [(change.at / S, change.target, change.level) for change in schedule.changes] == [
        *((second, 2 * second, second // 2) for second in range(20)),
        (20, 40, 10),
    ]
    assert levels(schedule) == [*((2.0 * k, 2.0 * k + 2, 4.0 * k + 1) for k in range(10)), (20, 60, 40)]


def test_a_part_that_begins_between_two_changes_begins_a_level_with_the_same_users() -> None:
    schedule = compiled({"duration": "1m", "ramp_config": {"strategy": "linear", "over": "5s"}}, group(10))
    assert changes(schedule)[:4] == [(0, (0,), 0), (0.5, (0,), 1), (1, (2,), 2), (1.5, (2,), 3)]
    assert [level.number for level in schedule.levels] == list(range(11))


def test_a_linear_stretch_that_the_phase_cuts_off_has_ten_parts_of_what_is_left() -> None:
    schedule = compiled({"duration": "10s", "ramp_config": {"strategy": "linear", "over": "100s"}}, group(100))
    assert levels(schedule) == [(k, k + 1, k) for k in range(10)]


def test_phases_follow_each_other_and_a_pause_drops_to_zero() -> None:
    phases = [
        {"name": "warm", "duration": "1m", "warm_up": True, "ramp_config": stepped((30, None))},
        {"name": "main", "duration": "2m", "pause_before": "10s", "ramp_config": ADDITIVE | {"initial": None}},
    ]
    schedule = compiled({"phases": phases}, group(100))
    assert changes(schedule)[:4] == [(0, (30,), 0), (60, (0,), 1), (70, (30,), 2), (100, (40,), 3)]
    assert [change.phase for change in schedule.changes[:4]] == [0, 1, 1, 1]
    assert schedule.phases == (
        SchedulePhase(0, "warm", 0, 60 * S, True),
        SchedulePhase(1, "main", 70 * S, 190 * S, False),
    )
    assert schedule.end == 190 * S


def test_a_pause_before_the_first_phase_holds_zero_users() -> None:
    schedule = compiled({"phases": [{"name": "only", "duration": "1m", "pause_before": "5s"}]}, group(3))
    assert changes(schedule) == [(0, (0,), 0), (5, (3,), 1)]
    assert schedule.end == 65 * S


def test_a_phase_begins_a_level_of_its_own_even_with_the_same_users() -> None:
    schedule = compiled({"phases": [{"name": name, "duration": "1m"} for name in "xy"]}, group(3))
    assert changes(schedule) == [(0, (3,), 0), (60, (3,), 1)]


def test_a_phase_may_override_the_mix() -> None:
    """A group that it does not name keeps its concurrency."""
    phases = [{"name": "day", "duration": "1m"}, {"name": "night", "duration": "1m", "users": {"a": 1, "c": 9}}]
    schedule = compiled({"phases": phases}, group(10), group(20, "b"), group(0, "c"))
    assert changes(schedule) == [(0, (10, 20, 0), 0), (60, (1, 20, 9), 1)]
    assert schedule.peak == (10, 20, 9)


def test_groups_with_ramps_of_their_own_follow_them_and_the_target_is_the_sum() -> None:
    schedule = compiled(
        {"duration": "1m"},
        group(4, ramp_config={"strategy": "additive", "increment": 2, "interval": "20s"}),
        group(3, "b", ramp_config=stepped((3, "30s"), (1, None))),
    )
    assert changes(schedule) == [(0, (2, 3), 0), (20, (4, 3), 1), (30, (4, 1), 2)]
    assert [change.target for change in schedule.changes] == [5, 7, 5]


def test_a_step_of_one_group_within_the_linear_stretch_of_another_belongs_to_its_part() -> None:
    schedule = compiled(
        {"duration": "1m"},
        group(10, ramp_config={"strategy": "linear", "over": "10s"}),
        group(2, "b", ramp_config={"strategy": "additive", "increment": 1, "interval": "2500ms"}),
    )
    assert changes(schedule)[:4] == [(0, (0, 1), 0), (1, (1, 1), 1), (2, (2, 1), 2), (2.5, (2, 2), 2)]
    assert schedule.levels[2].target == 3.5


def test_a_plan_of_iterations_only_has_no_end() -> None:
    schedule = compiled({"ramp_config": ADDITIVE}, group(100, iterations=5))
    assert schedule.end is None
    assert schedule.levels[-1].end == schedule.phases[-1].end == NEVER
    assert schedule.levels[-1].target == 100


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"duration": "10m", "ramp_config": ADDITIVE}, None),
        ({"duration": "5m", "ramp_config": ADDITIVE}, "reaches 100 users only after 4m30s of 5m, in the last fifth"),
        ({"duration": "2m", "ramp_config": ADDITIVE}, "never reaches 100 users: it ends at 40 after 2m"),
        ({"duration": "10m", "ramp_config": ADDITIVE | {"max_concurrency": 80}}, "limited to 80 of 100 users"),
        ({"duration": "10m", "ramp_config": {"strategy": "linear", "over": "9m"}}, "only after 8m58s of 10m"),
        ({"duration": "10m", "ramp_config": {"strategy": "linear", "over": "20m"}}, "never reaches 100 users"),
        ({"duration": "10m", "ramp_config": {"strategy": "linear", "initial": 100, "max_concurrency": 5}}, None),
        ({"duration": "10m", "ramp_up": "additive"}, None),
        ({"duration": "10m", "ramp_up": "multiplicative"}, None),
        ({"ramp_config": ADDITIVE}, None),
    ],
)
def test_a_ramp_that_misses_its_goal_is_warned_about(config: dict[str, object], message: str | None) -> None:
    warnings = compiled(config, group(100)).warnings
    assert len(warnings) == (0 if message is None else 1)
    assert message is None or message in warnings[0]


def test_phases_that_climb_are_not_warned_about_until_none_brings_everybody() -> None:
    def climb(top: int) -> dict[str, object]:
        return {
            "phases": [
                {"name": f"to {users}", "duration": "1m", "ramp_config": stepped((users, None))} for users in (50, top)
            ]
        }

    assert compiled(climb(100), group(100)).warnings == ()
    assert "limited to 80 of 100 users" in compiled(climb(80), group(100)).warnings[0]


def test_a_warning_names_the_phase_and_the_group() -> None:
    phases = [{"name": "peak", "duration": "20s"}]
    slow = {"strategy": "additive", "increment": 1, "interval": "9s"}
    schedule = compiled({"phases": phases}, group(5, ramp_config=slow), group(1, "b", ramp_config=slow))
    assert len(schedule.warnings) == 1
    assert schedule.warnings[0].startswith("phase 'peak': users.a: the ramp never reaches 5 users")


def test_a_ramp_that_does_not_fit_is_a_mistake_in_the_plan() -> None:
    phases = [{"name": "p", "duration": "1m", "users": {"a": 1}, "ramp_config": ADDITIVE}]
    with pytest.raises(PlanError, match=r"config\.phases\[0\]\.ramp_config: the ramp rises to 100 users") as caught:
        compiled({"phases": phases}, group(100))
    assert len(caught.value.problems) == 1


intervals, multipliers = st.integers(1, 30), st.floats(1.1, 4)
ramp_configs = st.one_of(
    st.builds(lambda i, n: {"strategy": "additive", "increment": i, "interval": n}, st.integers(1, 20), intervals),
    st.builds(lambda m, n: {"strategy": "multiplicative", "multiplier": m, "interval": n}, multipliers, intervals),
    st.builds(lambda over: {"strategy": "linear", "over": over}, st.integers(1, 200)),
)
phase_lists = st.lists(
    st.fixed_dictionaries(
        {"duration": st.integers(1, 300), "ramp_config": ramp_configs}, optional={"pause_before": st.integers(1, 30)}
    ),
    min_size=1,
    max_size=4,
)


@given(phase_lists, st.lists(st.integers(1, 60), min_size=1, max_size=4))
def test_every_schedule_is_whole(phases: list[dict[str, object]], mix: list[int]) -> None:
    """Changes rise in time, levels tile the schedule, targets are sums, and the end is the sum of its stretches."""
    named = [{"name": f"p{number}", **phase} for number, phase in enumerate(phases)]
    schedule = compiled({"phases": named}, *(group(count, f"g{number}") for number, count in enumerate(mix)))
    instants = [change.at for change in schedule.changes]
    assert instants[0] == 0
    assert instants == sorted(set(instants))
    assert all(change.target == sum(change.users) <= sum(mix) for change in schedule.changes)
    assert schedule.end == sum(S * (phase["duration"] + phase.get("pause_before", 0)) for phase in phases)
    bounds = [0, *(level.end for level in schedule.levels)]
    assert [level.start for level in schedule.levels] == bounds[:-1]
    assert bounds[-1] == schedule.end
    assert [level.number for level in schedule.levels] == list(range(len(schedule.levels)))
    assert {change.level for change in schedule.changes} == set(range(len(schedule.levels)))
