"""The OpenMetrics text of a summary: valid, with the summary's numbers, and read by GitLab line by line."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families
from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of

from gradual_master.reporting.openmetrics import OpenMetricsReporter, render_openmetrics
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def summary_of(name: str = "browse") -> Summary:
    """Four logins of 10 to 40 ms; one of two browses fails without a response."""
    plan = plan_of(thresholds=[{"rule": "p95(login) < 5ms"}, {"rule": "error_rate < 99%"}])
    schedule = schedule_of((4, 1))
    aggregate = aggregate_of(plan, schedule)
    samples = [(0, "", n * 10 * MS) for n in (1, 2, 3, 4)] + [(1, "", MS), (1, "connect", MS)]
    aggregate.merge("a", batch_of(1, 0, Stretch(0, 0, S, samples, users=[(4, 1, 3, 0), (2, 0, 2, 0)]), last=True))
    aggregate.close(0)
    return build_summary(aggregate, fleet_of(agent("a")), run_of())


def read(summary: Summary) -> Samples:
    """Every sample, by name and labels; the parser refuses a text that is not valid, and one without an end."""
    families = text_string_to_metric_families(render_openmetrics(summary))
    found = [(sample.name, frozenset(sample.labels.items()), sample.value) for f in families for sample in f.samples]
    values = {(name, labels): float(value) for name, labels, value in found}
    assert len(values) == len(found)
    return values


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def test_the_numbers_are_those_of_the_summary() -> None:
    summary = summary_of()
    samples = read(summary)
    for row in summary.actions:
        step = {"group": row.group, "step": row.step, "action": row.action, "service": ""}
        assert value(samples, "gradual_requests_total", **step) == row.requests
        assert value(samples, "gradual_failures_total", **step) == row.failures
        for label, key in (("0.5", "p50"), ("0.95", "p95"), ("0.99", "p99")):
            seconds = samples.get(("gradual_response_time_seconds", frozenset({**step, "quantile": label}.items())))
            milliseconds = None if seconds is None else round(seconds * 1000, 3)
            assert milliseconds == row.response_time_ms[key]
    assert value(samples, "gradual_run_requests_total") == summary.totals.requests == 6
    assert value(samples, "gradual_run_failures_total") == summary.totals.failures == 1
    (first, *_) = summary.groups
    assert value(samples, "gradual_users", group=first.name, of="max") == first.users_max == 4


def test_the_verdict_is_a_set_of_states_and_the_code_that_of_the_command() -> None:
    summary = summary_of()
    verdict = replace(summary.verdict, status="failed", code=1)
    samples = read(replace(summary, verdict=verdict, run=replace(summary.run, exit_code=99)))
    states = {s: value(samples, "gradual_verdict", gradual_verdict=s) for s in ("passed", "failed", "invalid")}
    assert states == {"passed": 0, "failed": 1, "invalid": 0}
    assert value(samples, "gradual_exit_code") == 99
    assert value(samples, "gradual_objective_passed", objective="p95(login) < 5ms") == 0
    assert value(samples, "gradual_objective_passed", objective="error_rate < 99%") == 1


def test_the_documentation_names_every_metric() -> None:
    page = (Path(__file__).parents[3] / "docs/reporters.md").read_text(encoding="utf-8")
    section = page.split("\n## openmetrics\n")[1].split("\n## ")[0]
    assert set(re.findall(r"`(gradual_\w+)`", section)) == {
        *(name for name, _ in read(summary_of())),
        "gradual_metric",  # This plan has none.
        *(name for name in re.findall(r"`(gradual_\w+)`", section) if name.startswith("gradual_capacity_")),
    }


def test_what_has_no_data_is_absent() -> None:
    summary = summary_of()
    nothing = replace(summary.actions[0].response_time_ms, p50=None, p95=None, p99=None)
    actions = tuple(replace(row, response_time_ms=nothing) for row in summary.actions)
    names = {name for name, _ in read(replace(summary, actions=actions))}
    assert "gradual_response_time_seconds" not in names
    assert "gradual_requests_total" in names


def test_two_runs_of_a_plan_have_the_same_lines_in_the_same_order() -> None:
    summary = summary_of()
    later = replace(summary, run=replace(summary.run, id="run-2", started_at="2027-01-01T00:00:00Z", version="9"))
    assert render_openmetrics(summary) == render_openmetrics(later)


def test_gitlab_reads_every_line() -> None:
    """`Gitlab::Ci::Parsers::Metrics::Generic` drops comments, and takes the first two words of a shell line."""
    summary = summary_of()
    odd = replace(summary.actions[0], group='a "b" c', step="it's\n1")
    text = render_openmetrics(replace(summary, actions=(odd, *summary.actions[1:])))
    lines = [shlex.split(re.sub("#.*$", "", line)) for line in text.splitlines()]
    metrics = [words for words in lines if words]
    assert all(len(words) == 2 for words in metrics)
    assert len({name for name, _ in metrics}) == len(metrics) == len(read(summary))
    assert all(float(number) >= 0 for _, number in metrics)


def test_a_lone_surrogate_is_replaced() -> None:
    summary = summary_of()
    odd = replace(summary.actions[0], step="\ud800")
    assert 'step="?"' in render_openmetrics(replace(summary, actions=(odd, *summary.actions[1:])))


def test_the_reporter_writes_metrics_txt_unless_told_otherwise() -> None:
    assert str(OpenMetricsReporter().path) == "metrics.txt"
    assert str(OpenMetricsReporter("out/m.txt").path) == "out/m.txt"
