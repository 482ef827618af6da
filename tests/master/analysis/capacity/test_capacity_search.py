"""The search over systems without chance: which levels it asks for, and how it ends."""

import json
from typing import Any

import pytest
from scripted_system import ScriptedSystem, Sums, measures_of, one_ms_per_user
from simulated_systems import search_through

from gradual_master.analysis.capacity.events import (
    BlockEnded,
    BlockMissed,
    FinishSearch,
    LevelReached,
    RunUsers,
    SearchBegun,
    SearchInstruction,
    SearchTimeOver,
)
from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.analysis.capacity.search import CapacitySearch
from gradual_master.analysis.capacity.settings import CapacitySettings
from gradual_master.analysis.capacity.wording import sentences_of
from gradual_master.errors import OptionError


def settings(**fields: Any) -> CapacitySettings:
    given = {"initial": 10, "max_concurrency": 500, "multiplier": 2.0, "hold_s": 20.0, "settle_s": 10.0, **fields}
    return CapacitySettings(**given)


def search(*rules: str, system: ScriptedSystem | None = None, **fields: Any) -> tuple[CapacityResult, list[int]]:
    """By default of a system that answers in 1 ms per user."""
    run = (system or ScriptedSystem(one_ms_per_user)).run
    return search_through(CapacitySearch(settings(**fields), measures_of(*(rules or ("mean < 100ms",)))), run)


def test_it_climbs_bisects_confirms_and_looks_for_recovery() -> None:
    result, asked = search()
    climb, bisect = [10, 20, 40, 80, 160], [10, 120, 10, 100, 10, 90, 95, 97, 98]
    assert asked == [*climb, *bisect, 10, 98, 160, 93]
    assert (result.users, result.low, result.high) == (98, 98, 100)
    assert (result.confirmed, result.recovered, result.ended_by) == (True, True, "found")
    assert [trial.purpose for trial in result.trials[-2:]] == ["confirm", "recover"]


def test_an_additive_climb_adds() -> None:
    result, asked = search(multiplier=None, increment=30)
    assert asked[:4] == [10, 40, 70, 100]
    assert result.users == 98


def test_a_precision_of_less_than_a_user_is_one_user() -> None:
    result, _ = search(precision=0.001)
    assert (result.users, result.high) == (99, 100)


def test_a_first_level_that_fails_ends_it() -> None:
    result, asked = search("mean < 5ms")
    assert asked == [10]
    assert (result.users, result.low, result.high, result.ended_by) == (None, None, None, "initial fails")
    assert result.recovered is None
    assert not result.confirmed


def test_a_maximum_that_passes_is_confirmed_and_is_a_lower_bound() -> None:
    result, asked = search(max_concurrency=70)
    assert asked == [10, 20, 40, 70, 10, 70]
    assert (result.users, result.low, result.high) == (70, 70, None)
    assert (result.confirmed, result.recovered, result.ended_by) == (True, None, "not found below max")


def test_a_refuted_confirmation_bisects_further_down() -> None:
    """The system becomes slower after 300 s: 97 users do not hold any more, 80 do."""
    system = ScriptedSystem(lambda users: one_ms_per_user(users if system.now_s < 300 else users * 23 // 20))
    result, _ = search(system=system)
    refuted = [trial for trial in result.trials if trial.purpose == "confirm" and trial.outcome == "failed"]
    assert refuted
    assert result.users is not None
    assert result.users < refuted[0].users
    assert result.users * 23 // 20 < 100
    assert result.confirmed


def test_a_system_that_stays_slow_after_an_overload_has_not_recovered() -> None:
    slow = [False]

    def sums_of(users: int) -> Sums:
        slow[0] = users >= 150 or (slow[0] and users > 50)
        return one_ms_per_user(users * (3 if slow[0] else 1))

    result, asked = search(system=ScriptedSystem(sums_of))
    assert (result.users, result.confirmed, result.recovered, result.ended_by) == (98, True, False, "found")
    assert asked[-3:] == [160, 93, 93]


def slow_after_an_overload(seconds: int) -> ScriptedSystem:
    """1 ms per user; for so long after a level of 150 or more, three times as slow with more than 50 users."""
    after_overload = [1000]

    def sums_of(users: int) -> Sums:
        after_overload[0] = 0 if users >= 150 else after_overload[0] + 1
        return one_ms_per_user(users * (3 if users > 50 and after_overload[0] < seconds else 1))

    return ScriptedSystem(sums_of)


def test_a_second_trial_may_show_the_recovery() -> None:
    result, _ = search(system=slow_after_an_overload(30))
    assert result.recovered
    assert [trial.outcome for trial in result.trials if trial.purpose == "recover"] == ["failed", "passed"]


def test_what_an_overload_left_behind_does_not_end_the_trial_for_recovery() -> None:
    """It is slow for 20 s, far beyond the limit; the level is steady from then on."""
    capacity = CapacitySearch(settings(), measures_of("mean < 100ms"))
    result, _ = search_through(capacity, slow_after_an_overload(20).run, warm_up_s=20.0)
    assert result.recovered
    assert [trial.outcome for trial in result.trials if trial.purpose == "recover"] == ["passed"]


def test_a_rate_that_few_users_cannot_reach_does_not_end_the_climb() -> None:
    """One request per second and user: 50/s from 51 users on, and less than 100 ms up to 99 users."""
    system = ScriptedSystem(lambda users: (*one_ms_per_user(users), (float(users), 1.0)))
    result, asked = search("mean < 100ms", "throughput > 50/s", system=system)
    assert asked[:4] == [10, 20, 40, 80]
    assert (result.users, result.ended_by) == (98, "found")


def test_a_climb_that_jumps_over_the_levels_that_pass_goes_back_between_them() -> None:
    system = ScriptedSystem(lambda users: (*one_ms_per_user(users), (float(users), 1.0)))
    result, _ = search("mean < 100ms", "throughput > 90/s", system=system)
    assert (result.users, result.ended_by) == (98, "found")


def collapsing(users: int) -> Sums:
    """1/s per user up to 200 users; under more, throughput falls back to 50/s. Nothing fails."""
    rate = float(users if users <= 200 else max(50, 200 - 2 * (users - 200)))
    return ((rate, 1.0), (0.0, rate))


def test_a_rate_that_is_missed_under_overload_is_a_failed_level_like_any_other() -> None:
    """150 … 225 users reach 150/s; nothing but that rate says that 320 are too many."""
    result, asked = search("throughput >= 150/s", "error_rate < 5%", system=ScriptedSystem(collapsing))
    assert result.users is not None
    assert result.high is not None
    assert 219 <= result.users <= 225 < result.high
    assert (result.confirmed, result.recovered, result.ended_by) == (True, True, "found")
    assert asked[-3:] == [result.users, 320, asked[-1]], "held once more, at its greatest"
    assert asked[:8] == [10, 20, 40, 80, 160, 320, 10, 240], "the load settles after the collapse"


def test_what_is_said_of_a_collapse_agrees_with_the_trials() -> None:
    rules = ("throughput >= 150/s", "error_rate < 5%")
    result, _ = search(*rules, system=ScriptedSystem(collapsing))
    first, second, third = sentences_of(result, measures_of(*rules))
    assert first.endswith(f" ({result.low}–{result.high}).")
    assert first.startswith(f"It holds {result.users} users with throughput of at least 150/s")
    assert second.startswith(f"With {result.high} users it did not: throughput >= 150/s: ")
    assert third.startswith("After an overload with 320 users it met the objectives again")


def test_a_level_below_the_goal_is_no_overload() -> None:
    """10 … 40 users miss the rate, 80 reach it, and so does the maximum: nothing has failed above it."""
    system = ScriptedSystem(lambda users: ((float(users), 1.0),))
    result, asked = search("throughput > 50/s", system=system, max_concurrency=100)
    assert (result.users, result.recovered, result.ended_by) == (100, None, "not found below max")
    assert asked == [10, 20, 40, 80, 100, 10, 100]


@pytest.mark.parametrize("rate", [150, 5000])
def test_a_rate_that_no_level_reaches_within_the_other_objectives_is_not_found(rate: int) -> None:
    system = ScriptedSystem(lambda users: (*one_ms_per_user(users), (float(users), 1.0)))
    limit = "100ms" if rate == 150 else "10s"  # Either the mean or the maximum number of users ends the climb.
    result, _ = search(f"mean < {limit}", f"throughput > {rate}/s", system=system)
    assert (result.users, result.ended_by) == (None, "goal not reached")


def test_a_first_level_that_does_not_become_steady_ends_it() -> None:
    run = ScriptedSystem(one_ms_per_user).run
    result, _ = search_through(CapacitySearch(settings(), measures_of("mean < 100ms")), run, warm_up_s=1e9)
    assert (result.users, result.ended_by, result.trials[0].outcome) == (None, "not steady", "undecided")


def test_a_first_level_without_samples_ends_it() -> None:
    result, _ = search(system=ScriptedSystem(lambda _: ((0.0, 0.0),)))
    assert (result.users, result.ended_by) == (None, "no data")


def test_a_level_without_answers_does_not_hold() -> None:
    system = ScriptedSystem(lambda users: one_ms_per_user(users) if users < 50 else ((0.0, 0.0),))
    result, _ = search(system=system)
    assert (result.users, result.recovered) == (49, True)
    assert result.high is None  # No level failed with confidence.


def run_for(seconds: int) -> CapacityResult:
    """What is known when the time is over."""
    system, capacity = ScriptedSystem(one_ms_per_user), CapacitySearch(settings(), measures_of("mean < 100ms"))

    def run(users: int) -> Any:
        block = system.run(users)
        if block.ended_s == seconds:
            finish = capacity.handle(SearchTimeOver(block.ended_s))
            assert isinstance(finish[0], FinishSearch)
            ended.append(finish[0].result)
            raise TimeoutError
        return block

    ended: list[CapacityResult] = []
    with pytest.raises(TimeoutError):
        search_through(capacity, run)
    return ended[0]


@pytest.mark.parametrize(
    ("seconds", "users", "confirmed"),
    [(5, None, False), (100, 40, False), (150, 80, False), (380, 98, True)],
)
def test_when_the_time_is_over_the_result_is_what_is_known(seconds: int, users: int | None, confirmed: bool) -> None:
    result = run_for(seconds)
    assert (result.users, result.confirmed, result.ended_by) == (users, confirmed, "duration")
    assert result.recovered is None


def test_blocks_count_only_while_the_users_of_the_level_are_there() -> None:
    capacity, system = CapacitySearch(settings(), measures_of("mean < 5ms")), ScriptedSystem(one_ms_per_user)
    assert capacity.handle(SearchBegun()) == [RunUsers(10)]
    assert capacity.handle(LevelReached(9, 0.0)) == []
    for _ in range(100):
        assert capacity.handle(BlockEnded(system.run(10), 0.0)) == []
    assert capacity.handle(LevelReached(10, system.now_s)) == []
    instructions = [capacity.handle(BlockEnded(system.run(10), system.now_s)) for _ in range(1)]
    assert instructions == [[]]


def miss_blocks(capacity: CapacitySearch, since_s: float) -> tuple[list[SearchInstruction], float]:
    """Miss every second of a level until there is an instruction; it, and when it came."""
    for second in range(1, 1000):
        if instructions := capacity.handle(BlockMissed(since_s, since_s + second)):
            return instructions, since_s + second
    raise AssertionError("no instruction came")


def test_a_first_level_that_cannot_be_measured_ends_the_search() -> None:
    """A trial takes 120 s at most here, so 241 s are enough."""
    capacity = CapacitySearch(settings(), measures_of("mean < 100ms"))
    capacity.handle(SearchBegun())
    (finish,), at_s = miss_blocks(capacity, 7.0)
    assert isinstance(finish, FinishSearch)
    assert (at_s, finish.result.users, finish.result.ended_by) == (248.0, None, "no data")
    (trial,) = finish.result.trials
    assert (trial.started_s, trial.ended_s, trial.outcome) == (7.0, 248.0, "undecided")
    assert trial.why == "its users were not all running, or an agent stood still, for 241 s"
    assert [seen.value for seen in trial.observed] == [None]


def test_a_level_that_cannot_be_measured_did_not_hold_and_the_search_goes_on() -> None:
    """From 80 users on; it settles, tries the level in between, and makes the overload for its time only."""
    capacity, system = CapacitySearch(settings(), measures_of("mean < 100ms")), ScriptedSystem(one_ms_per_user)
    instructions, asked, result = capacity.handle(SearchBegun()), [], None
    while result is None:
        (step,) = instructions
        if isinstance(step, FinishSearch):
            result = step.result
            break
        assert isinstance(step, RunUsers)
        asked.append(step.users)
        if step.users >= 80:
            instructions, system.now_s = miss_blocks(capacity, system.now_s)
            continue
        begin_s = system.now_s
        instructions = capacity.handle(LevelReached(step.users, begin_s))
        while not instructions:
            instructions = capacity.handle(BlockEnded(system.run(step.users), begin_s))
    assert asked[:6] == [10, 20, 40, 80, 10, 60]
    assert asked[-2:] == [80, 75], "the overload is over, though it could not be seen"
    assert (result.users, result.confirmed, result.recovered, result.ended_by) == (79, True, True, "found")


def test_seconds_that_are_missed_now_and_then_are_waited_for() -> None:
    capacity, system = CapacitySearch(settings(), measures_of("mean < 100ms")), ScriptedSystem(one_ms_per_user)
    capacity.handle(SearchBegun())
    capacity.handle(LevelReached(10, 0.0))
    for _ in range(39):
        assert capacity.handle(BlockMissed(0.0, system.now_s + 1)) == []
        system.now_s += 1
        if instructions := capacity.handle(BlockEnded(system.run(10), 0.0)):
            break
    assert instructions == [RunUsers(20)]


def test_after_the_end_nothing_is_asked_for() -> None:
    capacity = CapacitySearch(settings(), measures_of("mean < 5ms"))
    capacity.handle(SearchBegun())
    assert len(capacity.handle(SearchTimeOver(1.0))) == 1
    assert capacity.handle(SearchTimeOver(2.0)) == []


def test_a_search_without_an_objective_is_refused() -> None:
    with pytest.raises(OptionError, match="no objective says when a level fails"):
        CapacitySearch(settings(), [])


def test_a_result_is_json_without_nan() -> None:
    for result in (search()[0], search(system=ScriptedSystem(lambda _: ((0.0, 0.0),)))[0]):
        document = json.loads(json.dumps(result.to_dict(), allow_nan=False))
        assert document["users"] == result.users
        assert document["trials"][0]["observed"][0]["rule"] == "mean < 100ms"
