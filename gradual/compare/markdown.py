"""A comparison as Markdown for a comment of a pull request."""

from __future__ import annotations

from gradual_master.comparing.summaries import SummaryComparison
from gradual_master.reporting.markdown.page import MAX_SENTENCE_CHARS, MarkdownPage, bullets, escape, table
from gradual_master.reporting.text.shown_comparison import COLUMNS, headline, remarks, shown_metrics, warnings

SIGNS = {"worse": "❌", "better": "✅", "equivalent": "✅", "inconclusive": "❔"}


def render_markdown(found: SummaryComparison) -> str:
    """The page, ending in a newline: the verdict, the table, the remarks."""
    page = MarkdownPage()
    if found.result is None:
        page.write("### ⚠️ Not compared\n\n")
        page.add(bullets("", found.refusals))
        return page.text()
    page.write(f"### {SIGNS[found.result.verdict]} {escape(headline(found.result), MAX_SENTENCE_CHARS)}\n\n")
    page.add(bullets("", warnings(found)))
    rows = [
        (f"{SIGNS[row.verdict]} {escape(row.metric)}", *(escape(cell) for cell in row.cells()[1:]))
        for row in shown_metrics(found.result)
    ]
    page.add(table("", COLUMNS, rows))
    page.add(bullets("", remarks(found)))
    return page.text()
