"""The Markdown page: read back through a CommonMark parser with GitHub's tables, it says what the summary says."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of

from gradual_master.errors import ReporterError
from gradual_master.reporting.markdown.page import GITHUB_LIMIT, Block, MarkdownPage, bullets, escape, table
from gradual_master.reporting.markdown.reporter import MarkdownReporter, render_markdown
from gradual_master.reporting.text.formatting import thinned
from gradual_master.results.summary.comparison import BaselineComparison
from gradual_master.results.summary.sections import DataRow, Summary
from gradual_master.results.summary.summary import build_summary

ZERO_WIDTH_SPACE = "\u200b"


class Reader(HTMLParser):
    """What a reader sees: tables by the title above them, the texts of all other blocks, which elements there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.texts: list[str] = []
        self.elements: set[str] = set()
        self.folded_from: int | None = None
        self._rows: list[list[str]] | None = None
        self.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(page))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        if tag == "details":
            self.folded_from = len(self.tables)
        if tag == "table":
            self._rows = self.tables.setdefault(self.texts[-1], [])
        if self._rows is not None and tag == "tr":
            self._rows.append([])
        if self._rows is not None and tag in ("td", "th"):
            self._rows[-1].append("")
        if tag in ("p", "li", "h3", "summary"):
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._rows = None

    def handle_data(self, data: str) -> None:
        data = data.replace(ZERO_WIDTH_SPACE, "")
        if self._rows and self._rows[-1]:
            self._rows[-1][-1] += data.strip("\n")
        elif self._rows is None and self.texts:
            self.texts[-1] += data.strip("\n")


LENIENT = "error_rate < 99%"
"""Half of the requests of these tests fail, which is not what they are about."""


def summary_of(*rules: Any, levels: int = 2, warm_up: int = 0, samples: Any = None, **facts: Any) -> Summary:
    plan = plan_of(thresholds=[rule if isinstance(rule, dict) else {"rule": rule} for rule in (*rules, LENIENT)])
    schedule = schedule_of(*[(2, 1)] * levels, seconds=1, warm_up=warm_up)
    aggregate = aggregate_of(plan, schedule)
    seen = [(0, "", 12 * MS), (1, "status", 1234 * MS), (1, "timeout", 30 * S), (2, "", MS)]
    for number in range(levels):
        stretch = Stretch(
            number,
            number * S,
            (number + 1) * S,
            seen if samples is None else samples,
            users=[(2, 1, 1, 0), (1, 0.5, 0.5, 0)],
        )
        aggregate.merge("a", batch_of(number + 1, number, stretch, start_lags=[MS], last=number == levels - 1))
        aggregate.close(number)
    agents = (agent("a"), agent("agent-2", lost=True)) if levels else ()
    return build_summary(aggregate, fleet_of(*agents), run_of(**facts))


def first_line(summary: Summary) -> str:
    return render_markdown(summary).splitlines()[0]


def test_the_first_line_says_the_verdict_in_words() -> None:
    good = [(0, "", MS), (2, "", MS)]
    passed = summary_of("p95(login) < 1s", samples=good)
    assert first_line(replace(passed, verdict=replace(passed.verdict, warnings=()))) == "### ✅ bank: passed"
    assert first_line(passed) == "### ✅ bank: passed, with 1 warning"
    assert first_line(summary_of("p95(browse) < 1s")) == "### ❌ bank: failed (1 of 3 objectives)"
    invalid = summary_of(failure="no agents")
    assert first_line(invalid) == "### ⚠️ bank: invalid: do not rely on what this run measured"
    stopped = summary_of(stop_signal="terminate")
    assert first_line(stopped) == "### ⏹️ bank: interrupted: the run did not reach its end"
    assert render_markdown(stopped).splitlines()[2] == "0:05, run run-1, exit code 143"


def test_reasons_objectives_and_figures_come_in_this_order() -> None:
    page = Reader(render_markdown(summary_of("p95(browse) < 1s", {"rule": "max < 1s", "severity": "warn"}, levels=3)))
    assert page.texts[2].startswith("p95(browse) < 1s: 30,000 ms over 6 samples")
    assert list(page.tables) == [
        *("Objectives", "Key figures", "Levels", "Errors", "Agents to look at"),
        *("Actions", "Phases", "Agents", "Run"),
    ]
    assert page.folded_from == 5, "actions, phases, all agents and the run are folded away"
    assert page.texts.index("Warnings") > page.texts.index("Agents to look at")
    assert page.texts[page.texts.index("Warnings") + 1].startswith("max < 1s: 30,000 ms over")


def test_objectives_that_did_not_pass_come_first() -> None:
    rules = ["count > 1", "p95(browse) < 1s", {"rule": "max < 1s", "severity": "warn"}, "p95(action=*) < 50s"]
    samples = [(0, "", 12 * MS), (1, "timeout", 30 * S)]
    page = Reader(render_markdown(summary_of(*rules, "p99(rates) < 1s", samples=samples)))
    assert page.tables["Objectives"] == [
        ["", "objective", "observed", "samples"],
        ["❌ failed", "p95(browse) < 1s", "30,000 ms", "2"],
        ["❌ no data", "p99(rates) < 1s", "-", "0"],
        ["⚠️ warning: failed", "max < 1s", "30,000 ms", "4"],
        ["⚪ no data", "p95(action=rates) < 50s", "-", "0"],
        ["✅ passed", "count > 1", "4", "4"],
        ["✅ passed", "p95(action=login) < 50s", "12 ms", "2"],
        ["✅ passed", "p95(action=browse) < 50s", "30,000 ms", "2"],
        ["✅ passed", "error_rate < 99%", "50%", "4"],
        ["✅ passed", "error_rate < 100%", "50%", "4"],
    ]


def test_figures_failures_actions_and_agents_are_those_of_the_summary() -> None:
    tables = Reader(render_markdown(summary_of(tags={"env": "staging"}))).tables
    assert tables["Key figures"][1] == ["8", "50%", "2", "12", "30,000", "30,000", "30,000"]
    browse = ["customer / browse", "2", "50%", "0:00", "0:01"]
    assert tables["Errors"] == [
        ["error", "action", "count", "of its requests", "first", "last", "first cause"],
        ["HTTP 500", *browse, "the server answered 500 Internal Server Error"],
        ["timed out", *browse, ""],
    ]
    assert [row[:3] for row in tables["Actions"][1:]] == [
        ["customer / login", "2", "0%"],
        ["customer / browse", "4", "100%"],
        ["guest / rates", "2", "0%"],
    ]
    assert [row[:3] for row in tables["Agents to look at"][1:]] == [["agent-2", "lost", "0"]]
    assert [row[0] for row in tables["Agents"][1:]] == ["a", "agent-2"]
    assert tables["Phases"][1][:4] == ["main", "0:00", "0:02", "8"]
    run = dict(row for row in tables["Run"][1:])
    assert (run["plan"], run["command"], run["tag env"]) == ("sha256 " + "ab" * 32, "gradual run plan.yaml", "staging")


def test_data_that_is_used_up_has_a_table() -> None:
    tables = Reader(render_markdown(replace(summary_of(), data=(DataRow("voucher", 10, 10, 7, 3, True),)))).tables
    assert tables["Data sets"] == [
        ["data set", "rows", "handed out", "used", "lost", "exhausted"],
        ["voucher", "10", "10", "7", "3", "yes"],
    ]


def test_agents_without_problems_are_folded_away() -> None:
    summary = summary_of()
    summary = replace(
        summary, agents=(replace(summary.agents[0], saturated=0), replace(summary.agents[0], saturated=12))
    )
    tables = Reader(render_markdown(summary)).tables
    assert [row[1] for row in tables["Agents to look at"][1:]] == ["saturated in 12 intervals"]
    quiet = replace(summary, agents=summary.agents[:1])
    assert "Agents to look at" not in Reader(render_markdown(quiet)).tables


def test_single_failures_are_shown_without_what_was_sent_and_received() -> None:
    sample = {
        "group": "customer",
        "step": "browse",
        "action": "browse",
        "kind": "status",
        "picked": "first",
        "at_s": 7.5,
        "agent": "a",
        "slot": 3,
        "detail": "wanted 200 | got 503",
        "curl": "curl SECRET",
        "request": {"method": "GET", "url": "SECRET", "headers": [], "body": None, "body_bytes": 0},
        "response": {"status_code": 503, "headers": [], "body": "SECRET", "body_bytes": 6},
    }
    cut = {**sample, "kind": "timeout", "response": None, "detail": None}
    text = render_markdown(replace(summary_of(), error_samples=(sample, cut)))
    assert Reader(text).tables["Single failures"][1:] == [
        ["customer / browse", "status", "0:07.5", "503", "wanted 200 | got 503"],
        ["customer / browse", "timeout", "0:07.5", "-", ""],
    ]
    assert "SECRET" not in text
    assert "Single failures" not in Reader(render_markdown(summary_of())).tables


def test_a_long_level_table_is_thinned_and_says_so() -> None:
    page = Reader(render_markdown(summary_of(levels=45, warm_up=1)))
    rows = page.tables["Levels"][1:]
    assert len(rows) == 15
    assert rows[-1][1] == "0:44", "the last level is always shown"
    assert "15 of 45 levels, evenly chosen" in page.texts
    assert [row[0] for row in rows] == ["main"] * 15
    short = Reader(render_markdown(summary_of(levels=3, warm_up=1)))
    assert short.tables["Levels"][0] == [
        "phase",
        "from",
        "target",
        "users",
        "ok/s",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "failed",
        "",
    ]
    assert short.tables["Levels"][1][-1] == "warm-up"
    assert not any("evenly" in text for text in short.texts)


@given(st.integers(0, 500), st.integers(1, 50))
def test_thinning_keeps_the_last_and_at_most_so_many(count: int, most: int) -> None:
    rows = range(count)
    shown = list(thinned(rows, most))
    assert len(shown) <= most
    assert shown[-1:] == list(rows[-1:])
    assert len({after - before for before, after in pairwise(shown)}) <= 1
    assert count > most or shown == list(rows)


def test_a_run_that_was_never_measured_has_no_figures_and_no_empty_tables() -> None:
    page = Reader(render_markdown(summary_of(levels=0, failure="no agents came: 0 of 2")))
    assert page.texts[2] == "no agents came: 0 of 2"
    assert page.tables["Key figures"][1] == ["0", "-", "-", "-", "-", "-", "-"]
    assert {"Levels", "Failures", "Agents", "Agents to look at"}.isdisjoint(page.tables)


HOSTILE = "a|b `c` *d* _e_ <b>f</b> <!-- g --> [h](http://i) @jane #12 $k$ ~~l~~ \\| &amp; </details>\n\n# m"


def test_names_show_as_they_are_and_make_no_structure() -> None:
    seen = Reader(render_markdown(summary_of({"rule": "count > 100", "name": HOSTILE}, tags={HOSTILE: HOSTILE})))
    shown = " ".join(HOSTILE.split())
    assert seen.tables["Objectives"][1][1] == shown[:79] + "…"
    assert seen.texts[2].startswith(shown)
    assert all(len(row) == len(rows[0]) for rows in seen.tables.values() for row in rows)
    allowed = {"h3", "p", "ul", "li", "strong", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"}
    assert seen.elements <= allowed


def test_no_user_and_no_issue_is_mentioned() -> None:
    page = render_markdown(summary_of({"rule": "count > 100", "name": "@jane and #12"}))
    seen = MarkdownIt("commonmark", {"html": True}).enable("table").render(page)
    assert not re.search(r"[@#][\w-]", re.sub("<[^>]*>", "", seen).replace("&lt;", ""))


def visible(text: str) -> str:
    """On one line, without what no reader sees."""
    return " ".join(re.sub(r"\S", lambda found: found[0] if found[0].isprintable() else "", text).split())


TEXTS = st.one_of(st.text(max_size=100), st.text("|`*_<>&[]()!~\\@#$-+.1 \n\t\"'", max_size=100))


@given(TEXTS)
@settings(max_examples=300)
def test_any_text_comes_back_from_a_cell_and_from_a_sentence(text: str) -> None:
    shown = visible(text)
    clipped = shown if len(shown) <= 80 else shown[:79] + "…"
    page = MarkdownPage()
    page.add(bullets("", ["x" + text]))
    page.add(table("title", ("a", "b"), [(escape(text), "1")]))
    assert page.text().count("\n") < 12
    read = Reader(page.text())
    assert read.texts[0] == visible("x" + text)
    ((first, second),) = read.tables["title"][1:]
    assert (first, second) == (clipped.strip(), "1")


@pytest.mark.parametrize("sentence", ["- a", "1. a", "+ a", "# a", "> a", "--- a", "```", "    a", "=== a", "* * *"])
def test_a_sentence_starts_no_structure_of_its_own(sentence: str) -> None:
    page = MarkdownPage()
    page.add(bullets("", [sentence]))
    read = Reader(page.text())
    assert read.elements <= {"ul", "li"}
    assert read.texts == [" ".join(sentence.split())]


def monstrous() -> Summary:
    """More of everything than anyone would read, with names that take the most room."""
    summary = summary_of("p95(browse) < 1s", levels=30)
    name = "@|" * 300
    rows = tuple(replace(summary.verdict.objectives[0], name=f"{name} {n}") for n in range(2000))
    verdict = replace(summary.verdict, objectives=rows, reasons=(name,) * 2000, warnings=(name,) * 2000)
    return replace(
        summary,
        run=replace(summary.run, name=name, id=name, command=name, tags={f"{n} {name}": name for n in range(300)}),
        verdict=verdict,
        actions=tuple(replace(summary.actions[1], group=name, step=f"{n}") for n in range(2000)),
        errors=tuple(replace(summary.errors[0], group=name, step=f"{n}", cause=name) for n in range(2000)),
        levels=tuple(replace(row, phase=f"{n} {name}") for n, row in enumerate(summary.levels * 100)),
        agents=tuple(replace(summary.agents[1], name=name) for _ in range(1000)),
        phases=tuple(replace(summary.phases[0], name=name) for _ in range(1000)),
        comparison=BaselineComparison(name, None, (name,) * 500, (name,) * 500),
    )


def test_any_run_fits_the_limit_and_says_what_was_left_out() -> None:
    text = render_markdown(monstrous())
    assert len(text) <= GITHUB_LIMIT
    page = Reader(text)
    assert {"Objectives", "Key figures"} <= page.tables.keys()
    assert any(re.match(r"the first \d+ of 2,000", text) for text in page.texts)
    assert text.count("<details>") == text.count("</details>")
    left_out = text.splitlines()[-1]
    shown = list(page.tables)
    everything = {"Objectives", "Key figures", "Levels", "Errors", "Agents to look at"}
    for title in everything - set(shown):
        assert title in left_out


def test_a_large_but_ordinary_run_keeps_every_section() -> None:
    summary = summary_of(*[f"p95(browse) < {n + 1}ms" for n in range(60)], levels=60)
    summary = replace(
        summary,
        actions=tuple(replace(summary.actions[1], step=f"step {n}") for n in range(100)),
        errors=tuple(replace(summary.errors[0], step=f"step {n}") for n in range(100)),
    )
    text = render_markdown(summary)
    assert len(text) < GITHUB_LIMIT / 2
    page = Reader(text)
    assert "Left out" not in text
    assert len(page.tables["Objectives"]) == 51
    assert "the first 50 of 62" in page.texts
    assert len(page.tables["Actions"]) == 51
    assert "the first 20 of 100" in page.texts, "failures"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3000)), max_size=12), st.integers(500, 5000))
def test_a_page_is_never_longer_than_its_limit(blocks: Sequence[tuple[int, int]], limit: int) -> None:
    page = MarkdownPage(limit)
    for count, width in blocks:
        page.add(Block("title", "", ["x" * width + "\n"] * count, count))
    assert len(page.text()) <= limit


def test_the_file_is_written_where_it_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    summary = summary_of()
    for arg, name in ((None, "summary.md"), (str(tmp_path / "other.md"), "other.md")):
        reporter = MarkdownReporter(arg)
        reporter.prepare()
        assert not (tmp_path / name).exists()
        reporter.on_test_complete(summary)
        assert (tmp_path / name).read_text(encoding="utf-8") == render_markdown(summary)
    with pytest.raises(ReporterError, match=f"-o markdown={tmp_path}: this is a folder; name a file in it"):
        MarkdownReporter(str(tmp_path)).prepare()


def test_a_sentence_of_the_answer_is_whole() -> None:
    sentence = f"The fit puts it at about 100 users ({'x' * 200}: 69 to 148)."
    summary = summary_of()
    answered = replace(summary, analysis=replace(summary.analysis, answer=(sentence,)))
    assert sentence in render_markdown(answered)
