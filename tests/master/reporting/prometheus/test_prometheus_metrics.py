"""What is exposed is what was measured: counters, gauges, buckets."""

import math
from dataclasses import replace

from histogram_samples import histogram_of
from hypothesis import given
from hypothesis import strategies as st
from prometheus_run import (
    ReportedRun,
    metrics_of,
    reported_run,
    samples_of,
)
from raw_run import S, plan_of, run_of

from gradual_common import __version__
from gradual_master.reporting.prometheus.metrics import BOUNDS, RunMetrics, cumulative


def test_counters_are_the_summary_of_a_run_without_warm_up_with_its_drain() -> None:
    reported = reported_run()
    samples = samples_of(metrics_of(reported))
    for row in reported.summary.actions:
        assert samples["gradual_requests_total", row.action, row.group, "", row.step, "false"] == row.requests
        count = samples["gradual_response_time_seconds_count", row.action, row.group, "", row.step, "false"]
        assert count == row.response_time_ms.count
        for kind, failures in row.errors.items():
            assert samples["gradual_failures_total", row.action, row.group, kind, "", row.step, "false"] == failures
    assert sum(value for key, value in samples.items() if key[0] == "gradual_requests_total") == 131
    assert sum(value for key, value in samples.items() if key[0] == "gradual_failures_total") == 7
    assert reported.summary.totals.requests == 131


def test_warm_up_has_a_label_of_its_own() -> None:
    reported = reported_run(3, warm_up=1)
    samples = samples_of(metrics_of(reported))
    assert samples["gradual_requests_total", "login", "customer", "", "login", "true"] == 40
    assert samples["gradual_requests_total", "login", "customer", "", "login", "false"] == 80
    assert reported.summary.actions[0].requests == 80


def test_the_gauges_are_those_of_the_last_interval() -> None:
    reported = reported_run(2)
    reported.intervals.pop()
    samples = samples_of(metrics_of(reported))
    gauges = {
        ("gradual_users", "customer", "target"): 4,
        ("gradual_users", "customer", "active"): 4,
        ("gradual_users", "customer", "stopping"): 0.25,
        ("gradual_users", "guest", "target"): 2,
        ("gradual_users_in_request",): 2.5,
        ("gradual_users_thinking",): 2.0,
        ("gradual_agents",): 1,
        ("gradual_agent_cpu_ratio", "a"): 0.75,
        ("gradual_agent_loop_lag_seconds", "a"): 0.003,
        ("gradual_agent_connections", "a"): 12,
        ("gradual_run_elapsed_seconds",): 2,
        ("gradual_run_info", "raw", "run-1", __version__): 1,
    }
    assert {key: samples[key] for key in gauges} == gauges


def test_objectives_of_one_name_are_numbered() -> None:
    reported = reported_run(1)
    last = reported.intervals[0]
    rows = last.objectives
    reported.intervals = [replace(last, objectives=(rows[0], replace(rows[0], passed=False)))]
    samples = samples_of(metrics_of(reported))
    assert samples["gradual_objective_passed", rows[0].name] == 1
    assert samples["gradual_objective_passed", f"{rows[0].name} (2)"] == 0


def test_an_objective_without_data_is_absent() -> None:
    reported = reported_run(1, plan=plan_of(thresholds=["p95(login) < 1ms", "p95(login) < 1s", "p95(rates) < 1s"]))
    metrics = metrics_of(ReportedRun(reported.run, reported.intervals[:1], reported.summary))
    seen = {key[1]: value for key, value in samples_of(metrics).items() if key[0] == "gradual_objective_passed"}
    assert seen == {"p95(login) < 1ms": 0, "p95(login) < 1s": 1, "error_rate < 5% (default)": 1, "error_rate < 100%": 1}
    metrics.settle(reported.summary)
    seen = {key[1]: value for key, value in samples_of(metrics).items() if key[0] == "gradual_objective_passed"}
    assert seen["p95(rates) < 1s"] == 1, "the drain brought one"


def test_what_was_not_measured_is_absent() -> None:
    metrics = RunMetrics()
    assert samples_of(metrics) == {}
    metrics.begin(run_of())
    assert list(samples_of(metrics)) == [("gradual_run_info", "raw", "run-1", __version__)]


def test_at_the_end_counts_take_in_what_came_late_and_never_go_back() -> None:
    reported = reported_run()
    missed = ReportedRun(reported.run, reported.intervals[1:], reported.summary)
    assert samples_of(metrics_of(missed, complete=True)) == samples_of(metrics_of(reported, complete=True))
    counted_on = metrics_of(reported)
    counted_on.add(reported.intervals[0])
    before = samples_of(counted_on)
    counted_on.settle(reported.summary)
    after = samples_of(counted_on)
    assert all(after[key] >= value for key, value in before.items() if key[0].endswith(("_total", "_count", "_bucket")))


@given(st.lists(st.one_of(st.integers(1, 100 * S), st.sampled_from([math.floor(b * S) for b in BOUNDS])), max_size=30))
def test_every_classic_bucket_counts_exactly(values: list[int]) -> None:
    everything = sorted([*values, *(value + 1 for value in values)])
    histogram = histogram_of(everything)
    assert cumulative(histogram) == (*(sum(v <= bound * S for v in everything) for bound in BOUNDS), len(everything))
