"""The fleet in the summary: every agent's account, whoever it was, and who spoiled the measurement."""

from dataclasses import replace

from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, schedule_of

from gradual_common.protocol.batch import Health
from gradual_master.results.facts import AgentFacts
from gradual_master.results.judging.fleet import FleetReport
from gradual_master.results.judging.littles_law import judge_windows
from gradual_master.results.judging.saturation import judged_intervals

SCHEDULE = schedule_of((4, 2), seconds=20)
BUSY, IDLE = Health(0.97, 6, 6, 0), Health(0.1, 6, 6, 0)


def report(*agents: AgentFacts, late: str = "", busy: str = "", last: bool = False, **facts: int) -> FleetReport:
    """Agents a, b and c deliver 20 seconds with one request each; some are late for their users, some are busy."""
    aggregate = aggregate_of(plan_of(), SCHEDULE)
    for name in ("a", "b", "c"):
        for second in range(20):
            users = [(4, 1, 3, 0), (2, 1, 1, 0)]
            stretch = Stretch(0, second * S, (second + 1) * S, [(0, "", MS)], users=users)
            aggregate.merge(
                name,
                batch_of(
                    second + 1,
                    second,
                    stretch,
                    health=BUSY if name in busy and 3 <= second < 8 + (name == "b") else IDLE,
                    loop_lags=[MS],
                    start_lags=[3000 * MS] * 2 if name in late and second == 12 else [],
                    last=last and second == 19,
                ),
            )
    return FleetReport(fleet_of(*agents, **facts), aggregate.agents, judged_intervals(SCHEDULE, S, 20 * S), S)


def test_a_lost_agents_gap_is_what_it_had_begun_by_its_last_ping_less_what_it_delivered() -> None:
    found = report(agent("a", begun=20), agent("b", begun=52, lost=True), agent("c", begun=3))
    assert [(row.name, row.begun, row.merged, row.lost) for row in found.rows()] == [
        ("a", 20, 20, False),
        ("b", 52, 20, True),
        ("c", 20, 20, False),
    ]
    assert found.losses == ("b 32 (begun at least 52, merged 20)",)
    section = found.section(0.0, 0.0, 0)
    assert (section.begun, section.merged) == (92, 60)


def test_of_an_agent_that_delivered_its_last_batch_nothing_is_unknown() -> None:
    found = report(replace(agent("a", begun=25), left=True), agent("b"), agent("c"), last=True)
    assert found.losses == ()
    assert [row.left for row in found.rows()] == [True, False, False]


def test_an_agent_that_the_fleet_has_forgotten_still_counts() -> None:
    found = report(agent("b"), busy="c")
    assert [row.name for row in found.rows()] == ["b"]
    assert found.section(0.0, 0.0, 0).merged == 60
    assert found.saturated == (("c", 5),)


def test_what_the_fleet_did_is_in_its_section() -> None:
    section = report(agent("a"), moves=7, resent_batches=3, late_batches=2, dropped_batches=1).section(
        100.0004, 2.5, 1500
    )
    assert (section.moves, section.resent_batches, section.late_batches, section.dropped_batches) == (7, 3, 2, 1)
    assert (section.scheduled_user_s, section.missing_user_s) == (100.0, 2.5)
    assert section.level_spread_ms == 0.002


def test_saturated_agents_are_named_the_worst_first_and_intervals_counted_once() -> None:
    found = report(agent("a"), agent("b"), agent("c"), busy="ab")
    assert found.saturated == (("b", 6), ("a", 5))
    section = found.section(0.0, 0.0, 0)
    assert (section.intervals, section.saturated_intervals) == (20, 6)
    assert [row.saturated for row in found.rows()] == [5, 6, 0]


def test_an_agent_that_reported_nothing_was_not_judged() -> None:
    (row,) = [row for row in report(agent("a"), agent("z")).rows() if row.name == "z"]
    assert (row.saturated, row.cpu_p95, row.begun) == (None, None, 0)


def test_windows_are_those_of_single_agents() -> None:
    """Six users over 10 s, of which 2 × (3 s − 2 ms) were slept over: a tenth."""
    judged, flagged = judge_windows(report(agent("a"), agent("b"), agent("c"), late="b").user_times, S)
    assert judged == 6
    (gap,) = flagged
    assert (gap.agent, gap.start_s, gap.end_s, gap.active_user_s) == ("b", 10, 20, 60)
    assert abs(gap.unaccounted - 0.1) < 0.001


def test_the_longest_standstill_of_each_is_known() -> None:
    assert report(agent("a"), agent("z")).standstills == (("a", MS), ("z", 0), ("b", MS), ("c", MS))
