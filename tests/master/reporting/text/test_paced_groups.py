"""Both times of paced iterations, from the batch to the reports."""

from raw_run import (
    MS,
    S,
    Stretch,
    agent,
    aggregate_of,
    batch_of,
    fleet_of,
    iteration_time,
    plan_of,
    run_of,
    schedule_of,
)
from summary_schema import SUMMARY, violations

from gradual_common.protocol.batch import PACED
from gradual_master.reporting.console.reporter import render_text
from gradual_master.reporting.html.page import render_report
from gradual_master.reporting.markdown.reporter import render_markdown
from gradual_master.reporting.text.paced_groups import paced_sentences
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

TOOK_MS, SINCE_DUE_MS = (10, 1500, 10, 10), (10, 1500, 510, 10)


def summary_of(*since_due_ms: int) -> Summary:
    """Four iterations of the first group."""
    plan, schedule = plan_of(), schedule_of((1, 1), seconds=4)
    aggregate = aggregate_of(plan, schedule)
    series = aggregate.index.iterations_of(0)
    other = [iteration_time(series, ms * MS) for ms in TOOK_MS] + [(series, "", PACED, ms * MS) for ms in since_due_ms]
    stretch = Stretch(0, 0, 4 * S, [(0, "", 10 * MS)] * 4, other=other, iterations=[(4, 0), (0, 0)])
    aggregate.merge("a", batch_of(1, 0, stretch, last=True))
    aggregate.settle()
    return build_summary(aggregate, fleet_of(agent("a")), run_of(duration_s=4.0))


def test_a_group_with_pacing_has_both_times_and_one_without_has_one() -> None:
    summary = summary_of(*SINCE_DUE_MS)
    paced, other = summary.groups
    assert (paced.iteration_ms.count, paced.iteration_ms.mean, paced.iteration_ms.max) == (4, 382.5, 1500.0)
    assert (paced.iteration_from_due_ms.count, paced.iteration_from_due_ms.mean) == (4, 507.5)
    assert other.iteration_from_due_ms.count == 0
    assert violations(summary.to_dict(), SUMMARY) == []


def test_the_sentence_names_both() -> None:
    summary = summary_of(*SINCE_DUE_MS)
    (sentence,) = paced_sentences(summary.groups)
    assert sentence.startswith(f"Iterations of {summary.groups[0].name}: service time p50 10")
    assert "response time from the intended start p50 " in sentence
    assert sentence.endswith("max 1.5 s.")
    assert paced_sentences(summary_of().groups) == ()


def test_every_report_for_people_has_it() -> None:
    summary = summary_of(*SINCE_DUE_MS)
    for text in (render_text(summary, 200), render_markdown(summary), render_report(summary)):
        assert "response time from the intended start" in text
    assert "intended start" not in render_text(summary_of(), 200)
