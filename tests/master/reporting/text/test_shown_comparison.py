"""A comparison in texts: units, signs, runs that would decide, and what must be known beside the table."""

from typing import Any

import pytest
from compared_summaries import document, documents, level

from gradual_master.comparing.summaries import SummaryComparison, compare_summaries
from gradual_master.reporting.text.shown_comparison import headline, remarks, shown_metrics, warnings


def compared(baseline: list[Any], candidate: list[Any], **options: Any) -> SummaryComparison:
    found = compare_summaries(baseline, candidate, **options)
    assert found.result is not None
    return found


def rows_of(found: SummaryComparison) -> dict[str, tuple[str, ...]]:
    assert found.result is not None
    return {row.metric: row.cells()[1:] for row in shown_metrics(found.result)}


def test_a_row_has_values_with_units_and_changes_with_signs() -> None:
    rows = rows_of(compared(documents("a"), documents("b", 1.15)))
    assert rows["throughput"][:3] == ("141/s", "123/s", "-13.0 %")
    assert rows["p95 response"] == ("90 ms", "103 ms", "+15.0 %", "+14.4 to +15.6 %", "worse", "")
    assert rows["error rate"] == ("0 %", "0 %", "+0.00 pp", "+0.00 to +0.00 pp", "equivalent", "")


def test_the_headline_is_a_sentence() -> None:
    found = compared(documents("a"), documents("b"))
    assert found.result is not None
    assert headline(found.result) == "Equivalent: all metrics (5 against 5 runs)"


@pytest.mark.parametrize(("factor", "needed"), [(1.055, "about 6"), (1.0501, "over 100")])
def test_an_inconclusive_metric_says_how_many_runs_would_decide(factor: float, needed: str) -> None:
    row = rows_of(compared(documents("a"), documents("b", factor)))["mean response"]
    assert row[-2:] == ("inconclusive", needed)


def test_remarks_name_levels_and_runs_and_why_there_is_no_interval() -> None:
    said = remarks(compared([document("a")], [document("b")]))
    assert said[0] == "Compared at 10, 20 users: a against b."
    assert said[1].startswith("Provisional: with fewer than 5 runs")
    assert said[2].startswith("No metric has an interval: with fewer than 5 runs a side it takes the baseline's A/A")


def test_a_level_that_was_left_out_is_named_once_with_its_metrics() -> None:
    failing = [document(f"b{n}", levels=[level(10), level(20, marks=["failures"], failures=90)]) for n in range(5)]
    assert (
        "Left out of throughput, mean response, p50 response, p95 response, p99 response: 20 users: b0 has no value "
        "(more than 5 % of its requests failed)."
    ) in remarks(compared(documents("a"), failing))


def test_what_equivalent_means_is_said_where_it_is_used() -> None:
    sentence = "Equivalent: over all levels a change of 5 % (error rate: 0.5 percentage points) is ruled out."
    assert sentence in remarks(compared(documents("a"), documents("b")))
    assert sentence not in remarks(compared([document("a")], [document("b")]))


def test_a_noisy_baseline_is_said() -> None:
    noisy = [document(f"a{number}", factor) for number, factor in enumerate((1.0, 1.1, 0.9, 1.05, 0.95))]
    (first, *_) = [text for text in remarks(compared(noisy, documents("b"))) if text.startswith("Runs of the baseline")]
    assert first.startswith("Runs of the baseline differ so much that throughput is worse or better only beyond 17")


def test_a_change_that_no_number_of_runs_decides_is_said() -> None:
    factors = (0.9, 1.1, 1.0, 0.95, 1.06)
    sides = [
        [document(f"{side}{n}", by * one) for n, one in enumerate(factors)] for side, by in (("a", 1), ("b", 1.08))
    ]
    found = compared(*sides)
    assert rows_of(found)["p95 response"][-1] == "no number"
    assert (
        "Runs of the baseline differ so much that p95 response is worse or better only beyond 17.6 %. "
        "Its change lies between 5.0 % and that: no number of runs decides."
    ) in remarks(found)


def test_forced_comparisons_carry_their_refusals() -> None:
    found = compared(documents("a"), documents("b"), force=True)
    assert warnings(found) == ()
    other = [document(f"b{number}", plan_sha256="b" * 64) for number in range(5)]
    assert warnings(compared(documents("a"), other, force=True))[0].startswith(
        "Compared all the same: b0 ran another plan than a0"
    )
