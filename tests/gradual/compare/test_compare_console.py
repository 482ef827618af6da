"""The verdict is the first line, and no line of the common case is wider than a terminal."""

import pytest
from compared_summaries import document, documents

from gradual.compare.console import console_lines
from gradual_master.comparing.summaries import compare_summaries


@pytest.mark.parametrize("factor", [1.0, 1.15, 0.5])
def test_the_verdict_comes_first_and_every_metric_has_a_row(factor: float) -> None:
    lines = list(console_lines(compare_summaries(documents("a"), documents("b", factor))))
    assert lines[0].split(":")[0] == {1.0: "Equivalent", 1.15: "Worse", 0.5: "Better"}[factor]
    table = lines[lines.index("") + 1 :]
    assert table[0].split() == ["metric", "baseline", "candidate", "change", "95", "%", "interval", "verdict"]
    assert [line.split()[0] for line in table[1:7]] == ["throughput", "mean", "p50", "p95", "p99", "error"]
    assert max(map(len, lines)) <= 80


def test_how_many_runs_would_decide_is_a_sentence() -> None:
    lines = list(console_lines(compare_summaries(documents("a"), documents("b", 1.055))))
    found = next(place for place, line in enumerate(lines) if line.startswith("- About 6 runs a side would decide "))
    assert "mean response" in " ".join(lines[found : found + 2])
    assert max(map(len, lines)) <= 80


def test_remarks_and_warnings_follow_the_table() -> None:
    other = [document(f"b{number}", plan_sha256="b" * 64) for number in range(5)]
    lines = list(console_lines(compare_summaries(documents("a"), other, force=True)))
    sentences = [line for line in lines if line.startswith("- ")]
    assert sentences[0].startswith("- Compared all the same: b0 ran another plan")
    assert any(sentence.startswith("- Compared at 10, 20 users: ") for sentence in sentences)


def test_without_a_result_there_is_nothing_to_print() -> None:
    assert list(console_lines(compare_summaries([document("a")], [document("a")]))) == []
