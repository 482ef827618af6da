"""A schedule whose last phase is a search: it has its first level, room for the greatest, and grows level by level."""

import pytest

from gradual_common.plan.model.plan import Plan
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.schedule.schedule import Schedule

S = 10**9
SEARCH = {"strategy": "find_capacity", "initial": 10, "max_concurrency": 90, "multiplier": 3}


def compiled(**config: object) -> Schedule:
    users = [{"name": name, "concurrency": n, "behavior": ["ping"]} for name, n in (("a", 60), ("b", 30))]
    document = {"config": {"duration": "10m", "ramp_up": SEARCH} | config, "users": users}
    return compile_schedule(Plan.model_validate(document | {"actions": {"ping": {"url": "/"}}}))


def test_only_the_first_level_is_known_and_there_is_room_for_the_greatest() -> None:
    schedule = compiled()
    assert [(change.at, change.users) for change in schedule.changes] == [(0, (7, 3))]
    assert (schedule.end, schedule.peak, schedule.warnings) == (600 * S, (60, 30), ())
    assert schedule.searched is not None
    assert schedule.searched.climb == (10, 30, 90)


def test_every_level_is_shared_among_the_groups_in_proportion() -> None:
    schedule = compiled()
    assert schedule.distinct_users == {(7, 3), (20, 10), (60, 30)}
    assert schedule.with_level(60 * S, 45).changes[-1].users == (30, 15)


def test_a_chosen_level_ends_the_one_before_and_lasts_until_the_next() -> None:
    schedule = compiled().with_level(60 * S, 30).with_level(90 * S, 20)
    rows = [(level.number, level.start // S, level.end // S, level.target) for level in schedule.levels]
    assert rows == [(0, 0, 60, 10.0), (1, 60, 90, 30), (2, 90, 600, 20)]
    assert [change.level for change in schedule.changes] == [0, 1, 2]


@pytest.mark.parametrize("at", [0, 60 * S, 600 * S, 700 * S])
def test_a_level_begins_after_the_last_one_and_before_the_end(at: int) -> None:
    schedule = compiled().with_level(60 * S, 30)
    with pytest.raises(ValueError, match="a level cannot begin at"):
        schedule.with_level(at, 20)


def test_a_schedule_without_a_search_does_not_grow() -> None:
    with pytest.raises(ValueError, match="a level cannot begin at"):
        compiled(ramp_up="additive").with_level(599 * S, 20)


def test_a_search_may_follow_other_phases() -> None:
    warm = {"name": "warm", "duration": "1m", "warm_up": True}
    schedule = compiled(
        duration=None, ramp_up=None, phases=[warm, {"name": "search", "duration": "9m", "ramp_up": SEARCH}]
    )
    assert schedule.searched is not None
    assert schedule.searched.number == 1
    assert [(level.phase, level.start // S, level.target) for level in schedule.levels] == [(0, 0, 90.0), (1, 60, 10.0)]


def test_a_duration_in_which_nothing_can_be_confirmed_is_warned_of() -> None:
    """A level that holds takes 50 s; it is found, and, after 10 s of settling, confirmed."""
    assert compiled(duration="110s").warnings == ()
    (warning,) = compiled(duration="109s").warnings
    assert "no capacity can be confirmed: two trials take 1m50s at least" in warning
    (warning,) = compiled(ramp_up={**SEARCH, "hold": "10m"}).warnings
    assert "two trials take 20m10s at least" in warning
