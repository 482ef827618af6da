"""Little's law holds for the agent's own users against exact queues, and shows an agent that stood still.

The users here are the agent's, on a harness where time moves by hand; the oracle is the closed M/M/c queue (machine
repair), whose stationary distribution is a birth-death chain: L. Kleinrock, Queueing Systems I, 1975, ch. 3.8.
"""

from collections.abc import Callable
from heapq import heapify, heappushpop
from random import Random
from typing import Any

import numpy as np
import pytest
from agent_harness import MS, Reply, S, UserHarness
from raw_run import agent, aggregate_of, fleet_of, run_of

from gradual_agent.runtime.health import LoopLagProbe
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Batch, Health
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase
from gradual_master.results.judging.littles_law import MIN_JUDGED_USER_NS, WindowGap, judge_windows, unaccounted_share
from gradual_master.results.merging.agent_totals import UserTimes
from gradual_master.results.merging.sums import Shape, Sums
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary


class Agent:
    """A harness that seals its intervals as an agent does: by an entry of its timeline, several when it was late."""

    def __init__(self, users: int, think_time: Any, reply: Callable[["Agent"], Reply], seed: int = 1) -> None:
        self.batches: list[Batch] = []
        self.chance = Random(seed)
        behaviour = {"behavior": [{"action": "login", "think_time": think_time}], "concurrency": users}
        self.harness = UserHarness(behaviour, script=lambda request: reply(self))
        timeline = self.harness.timeline
        LoopLagProbe(timeline, timeline.clock, self.harness.recorder.loop_lag)  # type: ignore[arg-type]
        timeline.at(S, self._seal)
        for ordinal in range(users):
            self.harness.start(ordinal)

    @property
    def now(self) -> int:
        return self.harness.timeline.now

    def run(self, seconds: int, *, stop_at: int = 0, stop_for: int = 0) -> "Agent":
        """Run, and meanwhile stand still as under SIGSTOP; ns."""
        if stop_for:
            self.harness.run_until(stop_at)
            self.harness.timeline.now += stop_for
        self.harness.run_until(seconds * S)
        return self

    def _seal(self, _: object) -> None:
        while len(self.batches) < self.now // S:
            number = len(self.batches)
            self.batches.append(self.harness.recorder.seal(number, 0, Health(0.1, 0, 0, 0)))
        self.harness.timeline.at((len(self.batches) + 1) * S, self._seal)


def summary_of(*agents: Agent, seconds: int, **facts: Any) -> Summary:
    """What the master makes of the agents' batches: one level, every user of every agent."""
    users = sum(each.harness.active for each in agents)
    end = seconds * S
    schedule = Schedule(
        (Change(0, users, (users,), 0, 0),),
        (Level(0, 0, 0, end, float(users)),),
        (SchedulePhase(0, "main", 0, end, False),),
        end,
        ("g0",),
    )
    aggregate = aggregate_of(agents[0].harness.plan, schedule)
    names = [f"agent-{number}" for number, _ in enumerate(agents, 1)]
    for name, each in zip(names, agents, strict=True):
        for batch in each.batches:
            aggregate.merge(name, batch)
    fleet = fleet_of(*(agent(name) for name in names))
    return build_summary(aggregate, fleet, run_of(**facts))


def at_once(_: Agent) -> Reply:
    return Reply(delay=10 * MS)


class Servers:
    """`count` servers of exponential service, one queue, first come first served."""

    def __init__(self, count: int, mean: int) -> None:
        self._free = [0] * count
        self._mean = mean
        heapify(self._free)

    def __call__(self, asking: Agent) -> Reply:
        service = round(asking.chance.expovariate(1 / self._mean))
        done = max(asking.now, self._free[0]) + service
        heappushpop(self._free, done)
        return Reply(delay=done - asking.now)


def closed_queue(users: int, servers: int, think: float, service: float) -> tuple[float, float]:
    """(throughput, mean number in the system) of the closed M/M/c queue, exactly."""
    weights = [1.0]
    for n in range(1, users + 1):
        weights.append(weights[-1] * (users - n + 1) / think / (min(n, servers) / service))
    chances = np.array(weights) / sum(weights)
    number = np.arange(users + 1)
    return float((chances * np.minimum(number, servers)).sum() / service), float((chances * number).sum())


@pytest.mark.parametrize(("users", "servers"), [(12, 1), (20, 4), (6, 8)], ids=["saturated", "busy", "idle"])
def test_users_spend_their_time_as_the_exact_queue_says_and_none_of_it_is_unaccounted_for(
    users: int, servers: int
) -> None:
    made = Agent(users, {"distribution": "exponential", "mean": "1s"}, Servers(servers, 250 * MS)).run(500)
    summary = summary_of(made, seconds=500)
    throughput, in_system = closed_queue(users, servers, think=1.0, service=0.25)
    (level,) = summary.levels
    assert level.throughput_rps == pytest.approx(throughput, rel=0.04)
    assert level.in_flight_mean == pytest.approx(in_system, rel=0.05)
    assert level.users_mean == pytest.approx(level.in_flight_mean + level.thinking_mean, abs=0.002)
    law = summary.analysis.littles_law
    assert law.unaccounted == 0.0
    assert (law.windows, law.flagged, law.worst) == (50, 0, ())
    model = summary.analysis.closed_model
    assert model is not None
    assert (model.users, model.think_s) == (users, pytest.approx(1.0, rel=0.04))
    # L = λW with W from the response times, which are measured apart from the integrals.
    stay = level.response_time_ms.mean
    assert stay is not None
    assert level.in_flight_mean == pytest.approx(level.throughput_rps * stay / 1000, rel=0.005)


def test_an_agent_that_stood_still_for_three_seconds_is_flagged_in_its_window() -> None:
    """Thinking 1 s, everybody is due within the first second of the standstill: 2.5 s late on average, of 10."""
    made = Agent(50, "1s", at_once).run(60, stop_at=32 * S + 500 * MS, stop_for=3 * S)
    other = Agent(50, "1s", at_once).run(60)
    summary = summary_of(made, other, seconds=60)
    law = summary.analysis.littles_law
    (worst,) = law.worst
    assert (worst.agent, worst.start_s, worst.end_s, worst.active_user_s) == ("agent-1", 30, 40, 500)
    assert worst.unaccounted == pytest.approx(0.25, abs=0.06)
    assert (law.flagged, law.windows) == (1, 12)
    assert law.unaccounted == pytest.approx(worst.unaccounted * 10 / 120, rel=0.02)
    assert law.levels[0].unaccounted == law.unaccounted
    assert [warning.partition(" of its users")[0] for warning in summary.verdict.warnings][1:] == [
        f"agent-1 was late for {100 * worst.unaccounted:.0f}%",
        "agent-1 stood still for up to 3.0 s: stopped, swapped out or starved of CPU",
        "users thought 18.7 ms longer than the plan says on average, over 5,800 waits; up to 2 ms would be chance: "
        "the agents woke them late",
    ]


@pytest.mark.parametrize("beside", [0, 250, 500, 940, 975], ids=lambda ms: f"{ms} ms into an interval")
def test_users_who_never_think_show_it_too_at_any_time(beside: int) -> None:
    """All are in a request the whole time, and nobody reads the responses for 3 s of 10."""
    made = Agent(20, "0s", at_once).run(30, stop_at=13 * S + beside * MS, stop_for=3 * S)
    summary = summary_of(made, seconds=30)
    (worst,) = summary.analysis.littles_law.worst
    assert (worst.start_s, worst.end_s) == (10, 20)
    assert worst.unaccounted == pytest.approx(0.3, abs=0.01)
    assert summary.verdict.status == "invalid", "a tenth of the run"
    assert "unaccounted" in summary.levels[0].marks


def test_users_who_think_much_longer_lose_little_and_the_standstill_is_still_named() -> None:
    made = Agent(50, "100s", at_once).run(60, stop_at=32 * S, stop_for=3 * S)
    summary = summary_of(made, seconds=60)
    assert summary.analysis.littles_law.flagged == 0
    assert summary.verdict.status == "passed"
    assert summary.verdict.warnings == ("agent-1 stood still for up to 3.0 s: stopped, swapped out or starved of CPU",)


def test_too_much_of_it_makes_the_run_invalid_unless_that_is_allowed() -> None:
    made = Agent(50, "1s", at_once).run(30, stop_at=12 * S, stop_for=3 * S)
    strict, lenient = (summary_of(made, seconds=30, allow_saturated=allowed) for allowed in (False, True))
    assert (strict.verdict.status, lenient.verdict.status) == ("invalid", "passed")
    (reason,) = strict.verdict.reasons
    assert "of the users' time was neither in a request nor thinking" in reason
    assert "--allow-saturated" in reason
    assert reason.partition(";")[0] in lenient.verdict.warnings


def spent(unattended: int, *groups: tuple[int, int, int, int]) -> Sums:
    """Sums of users that were active, in a request, thinking, stopping."""
    shape = Shape(SeriesIndex((), tuple("ab"[: len(groups)])))
    sums = Sums(shape, np.zeros(shape.width, dtype=np.int64))
    sums.users[:] = groups
    sums.values[-1] = unattended
    return sums


def test_a_share_lies_between_nothing_and_all_and_is_unknown_without_users() -> None:
    users = (100, 30, 50, 0), (100, 40, 60, 7)
    assert unaccounted_share(spent(10, *users)) == pytest.approx(30 / 200)
    assert unaccounted_share(spent(-90, *users)) == 0.0
    assert unaccounted_share(spent(999, *users)) == 1.0
    assert unaccounted_share(spent(0, (0, 0, 0, 0))) is None


def test_windows_add_up_in_any_order_and_those_with_hardly_a_user_are_left_out() -> None:
    times = UserTimes(S)
    for interval in (11, 2, 1, 12, 3):
        times.add(interval, (S, S // 2, S // 4, 0), S // 8)
    times.add(29, (MIN_JUDGED_USER_NS - 1, 0, 0, 0), 0)
    assert judge_windows([("a", times), ("b", UserTimes(S))], S) == (
        2,
        [WindowGap("a", 0, 10, 3, 0.375), WindowGap("a", 10, 20, 2, 0.375)],
    )


@pytest.mark.parametrize(
    ("interval", "begins"),
    [(15 * S, [0, 15 * S, 30 * S]), (4 * S, [0, 8 * S]), (S // 4, [0])],
    ids=["longer ones are windows", "two of 4 s", "40 of a quarter"],
)
def test_a_window_is_made_of_whole_intervals(interval: int, begins: list[int]) -> None:
    times = UserTimes(interval)
    for number in range(3):
        times.add(number, (S, S, 0, 0), 0)
    assert [begin for begin, *_ in times.windows()] == begins
