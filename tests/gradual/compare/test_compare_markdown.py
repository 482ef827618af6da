"""The Markdown of a comparison: its verdict first, and names that stay text."""

from compared_summaries import document, documents

from gradual.compare.markdown import render_markdown
from gradual_master.comparing.reading import read_run
from gradual_master.comparing.summaries import compare_sides, compare_summaries


def test_the_verdict_is_the_heading_and_each_metric_a_row() -> None:
    lines = render_markdown(compare_summaries(documents("a"), documents("b", 1.15))).splitlines()
    assert lines[0].startswith("### ❌ Worse: throughput, mean response time")
    assert lines[2] == "| metric | baseline | candidate | change | 95 % interval | verdict | runs to decide |"
    assert "| ❌ p95 response | 90 ms | 103 ms | &#43;15.0 % | &#43;14.4 to +15.6 % | worse |  |" in lines
    assert "| ✅ error rate | 0 % | 0 % | &#43;0.00 pp | &#43;0.00 to +0.00 pp | equivalent |  |" in lines


def test_names_of_files_cannot_change_the_page() -> None:
    sides = [[read_run(document("1"), "<b>@me|#1")], [read_run(document("2"), "`b`")]]
    text = render_markdown(compare_sides(*sides))
    assert "<b>" not in text
    assert "@me" not in text
    assert "&#60;b&#62;&#64;&#8203;me&#124;&#35;&#8203;1 against &#96;b&#96;" in text


def test_a_refusal_is_written_with_its_reasons() -> None:
    text = render_markdown(compare_summaries([document("a")], [document("b", plan_sha256="b" * 64)]))
    assert text.startswith("### ⚠️ Not compared\n\n- b ran another plan than a")
