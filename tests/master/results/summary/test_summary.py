"""The summary: every key of the contract, figures that add up, the same document for the same measurements."""

import json
import math
from typing import Any

import numpy as np
import pytest
from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of
from summary_schema import SUMMARY, violations

from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.failures import KIND
from gradual_common.protocol.batch import CONNECT, EXCHANGE, TTFB
from gradual_common.protocol.samples import Exemplar
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

FULL = [(2, 1, 1, 0), (1, 0.5, 0.5, 0)]


def stretches(rng: np.random.Generator, second: int, level: int) -> Stretch:
    """A second of traffic with a little of everything."""
    times = rng.lognormal(16, 0.8, 40).astype(int).tolist()
    samples = [(0, "", ns) for ns in times] + [(1, "assertion:json", times[0]), (2, "connect", times[1])]
    return Stretch(
        level,
        second * S,
        (second + 1) * S,
        samples,
        other=[(0, "", EXCHANGE, times[0]), (0, "", TTFB, times[0] // 2), (0, "", CONNECT, 1000)],
        counters={
            0: {"sent": 43, "interrupted": 1, "hops": 2, "bytes_sent": 100, "bytes_received": 200},
            1: {"sent": 1, "skipped": 3},
            2: {"sent": 0, "unsent": 1},
        },
        statuses=[(0, 200, 38), (0, 302, 2), (1, 500, 1)],
        assertions=[(0, 0, 39, 1)],
        users=FULL,
        iterations=[(5, 1), (4, 0)],
    )


def summary_of(*, agents: int = 2, seconds: int = 4, reverse: bool = False, plan: Any = None, **facts: Any) -> Summary:
    """A run whose second half is the level that is measured after a warm-up."""
    plan = plan or plan_of(thresholds=["p95(login) < 1s"])
    schedule = schedule_of((2 * agents, agents), (2 * agents, agents), warm_up=1)
    aggregate = aggregate_of(plan, schedule)
    rng = np.random.default_rng(3)
    batches = [
        (f"a{number}", batch_of(second + 1, second, stretches(rng, second, second // 2), last=second == seconds - 1))
        for second in range(seconds)
        for number in range(agents)
    ]
    for name, batch in reversed(batches) if reverse else batches:
        aggregate.merge(name, batch)
    fleet = fleet_of(*(agent(f"a{number}", begun=10) for number in range(agents)))
    return build_summary(aggregate, fleet, run_of(**facts))


def empty_summary(**facts: Any) -> Summary:
    plan, schedule = plan_of(), schedule_of((2, 1))
    return build_summary(aggregate_of(plan, schedule), fleet_of(), run_of(**facts))


@pytest.mark.parametrize("is_warm_up", [False, True])
def test_a_step_that_failed_by_a_bug_makes_the_run_invalid_also_in_the_warm_up(is_warm_up: bool) -> None:
    plan, schedule = plan_of(thresholds=[]), schedule_of((2, 1), (2, 1), warm_up=1, seconds=1)
    aggregate = aggregate_of(plan, schedule)
    for second in range(2):
        samples = [(0, "", MS)] * 20 + [(1, "internal", MS)] * (is_warm_up is (second == 0))
        aggregate.merge("a0", batch_of(second + 1, second, Stretch(second, second * S, (second + 1) * S, samples)))
    aggregate.error_samples.add(
        "a0", Exemplar(1, KIND["internal"], 0, 0.5, S, 0, {"detail": "KeyError: 'x' (file.py:60)"})
    )
    summary = build_summary(aggregate, fleet_of(agent("a0")), run_of())
    assert (summary.verdict.status, summary.verdict.code) == ("invalid", 3)
    assert summary.verdict.reasons[0] == (
        "browse of customer failed by a mistake in Gradual (internal), 1 time: KeyError: 'x' (file.py:60); the agent's "
        "log has the traceback"
    )


def test_a_bug_that_no_agent_has_described_is_named_by_its_step() -> None:
    aggregate = aggregate_of(plan_of(thresholds=[]), schedule_of((2, 1), seconds=1))
    samples = [(0, "", MS)] * 20 + [(0, "internal", MS)] * 3
    aggregate.merge("a0", batch_of(1, 0, Stretch(0, 0, S, samples)))
    reasons = build_summary(aggregate, fleet_of(agent("a0")), run_of()).verdict.reasons
    assert reasons[0] == (
        "login of customer failed by a mistake in Gradual (internal), 3 times; the agent's log has the traceback"
    )


@pytest.mark.parametrize("summary", [summary_of(), empty_summary(failure="no agents came")], ids=["full", "empty"])
def test_the_document_has_every_key_of_the_contract_and_no_other(summary: Summary) -> None:
    document = json.loads(json.dumps(summary.to_dict(), allow_nan=False))
    assert violations(document, SUMMARY) == []


def test_the_check_itself_finds_what_is_wrong() -> None:
    document = summary_of().to_dict()
    del document["totals"]["hops"]
    document["extra"] = 1
    document["agents"][0]["lost"] = "no"
    document["quantile_error"] = math.nan
    assert sorted(violations(document, SUMMARY)) == [
        "$.agents[0].lost: 'no' is none of ['boolean']",
        "$.quantile_error: nan is not finite",
        "$.totals: hops is missing",
        "$: extra is not in the schema",
    ]


def test_what_the_system_counts_is_what_the_summary_says_was_sent() -> None:
    totals = summary_of().totals
    assert totals.requests == 2 * 2 * 42
    assert totals.sent == 2 * 4 * 44
    assert totals.sent == totals.requests - totals.unsent + totals.interrupted + totals.warm_up_sent + totals.hops
    assert totals.warm_up_sent == 2 * 2 * 44
    assert (totals.skipped, totals.iterations, totals.setup_sent) == (12, 36, 0)
    assert (totals.bytes_sent, totals.bytes_received) == (400, 800)


def test_rates_are_over_the_measured_seconds() -> None:
    summary = summary_of()
    assert summary.run.measured_s == 2
    assert summary.totals.throughput_rps == 2 * 2 * 40 / 2
    assert summary.totals.request_rate_rps == 2 * 2 * 42 / 2
    assert summary.totals.error_rate == pytest.approx(2 / 42, abs=1e-6)


def test_a_row_of_an_action_leaves_warm_up_out() -> None:
    login, browse, rates = summary_of().actions
    assert (login.group, login.step, login.action) == ("customer", "login", "login")
    assert (login.requests, login.failures, login.success_rate) == (160, 0, 1)
    assert (login.sent, login.interrupted) == (2 * 4 * 43, 4)
    assert login.status_codes == {"200": 152, "302": 8}
    assert [row.to_dict() for row in login.assertions] == [
        {"assertion": login.assertions[0].assertion, "passed": 156, "failed": 4}
    ]
    assert (browse.errors, browse.skipped, browse.success_rate) == ({"assertion:json": 4}, 12, 0)
    assert (rates.errors, rates.unsent, rates.response_time_ms.count) == ({"connect": 4}, 4, 0)
    assert Histogram.from_json(login.histogram).count == 160


def test_groups_say_how_many_users_there_were() -> None:
    customer, guest = summary_of().groups
    assert (customer.name, customer.users_target, customer.users_mean, customer.users_max) == ("customer", 4, 4, 4)
    assert (guest.users_target, guest.users_mean, guest.iterations) == (2, 2, 16)


def test_phases_are_flagged_when_they_warm_up() -> None:
    warm, main = summary_of().phases
    assert (warm.name, warm.warm_up, warm.start_s, warm.end_s, warm.requests) == ("warm", True, 0, 2, 168)
    assert (main.name, main.warm_up, main.start_s, main.end_s, main.requests) == ("main", False, 2, 4, 168)


def test_agents_show_their_health() -> None:
    first = summary_of().agents[0]
    assert (first.name, first.requests, first.cpu_p95, first.lost, first.saturated) == ("a0", 168, 0.5, False, 0)
    assert (first.begun, first.merged, first.left) == (172, 172, False), "its last batch came: nothing is unknown"
    assert first.loop_lag_ms_p99 is None


def test_the_order_of_batches_changes_no_byte_of_it() -> None:
    assert json.dumps(summary_of().to_dict()) == json.dumps(summary_of(reverse=True).to_dict())


def test_it_is_read_by_attribute_and_by_key() -> None:
    summary = summary_of(tags={"b": "2", "a": "1"})
    assert summary.totals.requests == summary["totals"]["requests"] == summary.to_dict()["totals"]["requests"]
    assert summary["actions"][0]["response_time_ms"]["p95"] == summary.actions[0].response_time_ms.p95
    assert dict(summary.run)["name"] == "bank"
    assert list(summary.run.tags) == ["a", "b"]
    with pytest.raises(KeyError, match="'total'; there are schema, run, verdict"):
        summary["total"]


def test_a_run_that_was_never_measured_has_no_data_and_no_zeros() -> None:
    summary = empty_summary(failure="no agents came: 0 of 2")
    assert (summary.verdict.status, summary.verdict.code, summary.run.exit_code) == ("invalid", 3, 3)
    assert summary.verdict.reasons[0] == "no agents came: 0 of 2"
    assert summary.totals.error_rate is None
    assert summary.totals.throughput_rps is None
    assert summary.totals.response_time_ms.p50 is None
    assert summary.groups[0].users_mean is None
    assert summary.levels == ()


@pytest.mark.parametrize(("signal", "code"), [("interrupt", 130), ("terminate", 143)])
def test_a_stopped_run_reports_what_it_measured(signal: str, code: int) -> None:
    summary = summary_of(seconds=3, stop_signal=signal)
    assert (summary.verdict.status, summary.run.exit_code) == ("interrupted", code)
    assert summary.levels[-1].end_s == 3
    assert summary.fleet.missing_user_s == 0


def test_a_run_that_failed_says_how_many_users_were_missing_until_then() -> None:
    """3 of the schedule's 4 seconds were measured, from run time 7 s on; then nobody was left."""
    whole = summary_of(seconds=3, stop_signal="interrupt")
    failed = summary_of(seconds=3, failure="every agent is gone", duration_s=12.0)
    assert (whole.levels[-1].end_s, failed.levels[-1].end_s) == (3, 4)
    assert failed.fleet.scheduled_user_s > whole.fleet.scheduled_user_s
    assert failed.fleet.missing_user_s == failed.fleet.scheduled_user_s - whole.fleet.scheduled_user_s


def begun_and_merged(*, last: bool, begun: int) -> tuple[int, int, str]:
    plan, schedule = plan_of(), schedule_of((2, 1), seconds=1)
    aggregate = aggregate_of(plan, schedule)
    samples = [(0, "", MS)] * 99
    stretch = Stretch(0, 0, S, samples, counters={0: {"interrupted": 1}}, users=FULL)
    aggregate.merge("a", batch_of(1, 0, stretch, last=last))
    fleet = fleet_of(agent("a", begun=begun, lost=not last))
    summary = build_summary(aggregate, fleet, run_of())
    return summary.fleet.begun, summary.fleet.merged, summary.verdict.status


def test_what_a_lost_agent_had_begun_is_held_against_what_was_merged() -> None:
    assert begun_and_merged(last=False, begun=200) == (200, 100, "invalid")
    assert begun_and_merged(last=False, begun=101) == (101, 100, "passed")
    assert begun_and_merged(last=False, begun=90) == (100, 100, "passed"), "its last ping is older than its last batch"
    assert begun_and_merged(last=True, begun=104) == (100, 100, "passed"), "it delivered everything"


def test_origins_stand_in_the_run() -> None:
    actions = {
        "login": {"url": "https://auth.example/login?x={{vu.slot}}"},
        "browse": {"url": "/b"},
        "rates": {"url": "{{host}}/r"},
        "bracket": {"url": "http://[{{vu.slot}}]/r"},
    }
    services = {"ledger": {"base_url": "https://ledger.example"}, "same": {"timeout": "5s"}}
    summary = summary_of(plan=plan_of(actions=actions, services=services))
    assert summary.run.base_urls == ("http://bank.example", "https://ledger.example", "https://auth.example")
