"""The HTML report: everything in its order, nothing from elsewhere, and no text that becomes anything but text."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colours import contrast
from made_levels import made_levels
from raw_run import aggregate_of, fleet_of, plan_of, run_of, schedule_of
from simulated_run import ERROR_SAMPLE, simulated_run

from gradual_master.analysis.scalability.analyse import analyse_scalability
from gradual_master.analysis.scalability.law import Usl
from gradual_master.errors import ReporterError
from gradual_master.reporting.html.embedding import Script, package_text
from gradual_master.reporting.html.page import OPTIONAL, SECTIONS, render_report
from gradual_master.reporting.html.reporter import HtmlReporter, write_html_report
from gradual_master.reporting.html.small_charts import BARS_HEIGHT as HEIGHT
from gradual_master.reporting.html.small_charts import BARS_WIDTH as WIDTH
from gradual_master.reporting.html.small_charts import histograms_of
from gradual_master.reporting.text.formatting import show_bytes, show_moment
from gradual_master.reporting.text.scalability_figures import scalability_figures
from gradual_master.results.measures.metrics import MetricRow
from gradual_master.results.summary.history import History, News
from gradual_master.results.summary.sections import DataRow, Summary
from gradual_master.results.summary.summary import build_summary

LAW, USERS = Usl(2.0, 0.02, 0.0002), (5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 140.0)

MOST_BYTES = 3_000_000
"""Of the report of an hour at a grain of a second."""

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028\"'&{{7*7}}"
TEXT = 4.5
"""Contrast that WCAG 2.2 (1.4.3) wants of text."""

VOID = {"meta", "link", "br", "img", "input", "hr", "base", "wbr", "col", "source"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    children: list[Element | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        """This element and all in it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child

    def all(self, *names: str) -> list[Element]:
        return [element for element in self if element.name in names]

    @property
    def text(self) -> str:
        return " ".join("".join(c if isinstance(c, str) else f" {c.text} " for c in self.children).split())


class Tree(HTMLParser):
    """Builds the tree, and insists that every element is closed where it was opened."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(page)
        self.close()
        assert [element.name for element in self._open] == [""], "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> names an attribute twice"
        element = Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().name == tag, f"</{tag}> closes what was not opened"

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def tree_of(summary: Summary) -> Element:
    return Tree(render_report(summary)).root


def section(page: Element, name: str) -> Element:
    (found,) = [element for element in page.all("section") if element.attributes["id"] == name]
    return found


def table(part: Element, caption: str) -> list[dict[str, str]]:
    """The rows of a table by the heads of its columns."""
    (found,) = [
        each for each in part.all("table") if each.all("caption") and each.all("caption")[0].text.startswith(caption)
    ]
    heads = [head.text for head in found.all("thead")[0].all("th")]
    return [
        dict(zip(heads, [cell.text for cell in row.all("th", "td")], strict=True))
        for row in found.all("tbody")[0].all("tr")
    ]


@pytest.fixture(scope="module")
def summary() -> Summary:
    news = (News(0.5, "info", "agent-2 joined"), News(20.25, "error", "agent-2 is lost"))
    return simulated_run(seconds=48, actions=6, news=news)


@pytest.fixture(scope="module")
def page(summary: Summary) -> Element:
    return tree_of(summary)


def empty_run(**facts: Any) -> Summary:
    """A run in which nothing was measured."""
    plan, schedule = plan_of(), schedule_of((2, 1))
    aggregate = aggregate_of(plan, schedule)
    summary = build_summary(aggregate, fleet_of(), run_of(**facts))
    return replace(summary, history=History(aggregate.series.table(), (), schedule, "config: {}\n"))


# ── What is on it ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sections_come_in_their_order(page: Element) -> None:
    shown = [section for section in SECTIONS if section[0] not in {*OPTIONAL, "trials", "comparison"}]
    assert [element.attributes["id"] for element in page.all("section")] == [name for name, _ in shown]
    assert [title.text for title in page.all("h2")] == [title for _, title in shown]
    assert [link.attributes["href"] for link in page.all("nav")[0].all("a")] == [f"#{name}" for name, _ in shown]


def test_a_plan_with_metrics_has_their_section(summary: Summary) -> None:
    row = MetricRow(
        "basket",
        "histogram",
        "EUR",
        0.01,
        2,
        25.5,
        None,
        12.75,
        5.5,
        5.5,
        20.0,
        20.0,
        20.0,
        20.0,
        missing=3,
        out_of_range=0,
    )
    part = section(tree_of(replace(summary, metrics=(row,))), "metrics")
    cells = [cell.text for cell in part.all("td")]
    assert cells == ["EUR", "2", "25.5", "-", "12.8", "5.5", "5.5", "20", "20", "20", "20", "3", "0"]


def test_data_that_is_used_up_has_a_section(summary: Summary) -> None:
    part = section(tree_of(replace(summary, data=(DataRow("voucher", 5000, 5000, 4990, 10, True),))), "data")
    assert [cell.text for cell in part.all("th")][-1] == "voucher"
    assert [cell.text for cell in part.all("td")] == ["5,000", "5,000", "4,990", "10", "yes"]


def test_the_verdict_is_in_words_with_its_reasons(summary: Summary) -> None:
    verdict = replace(
        summary.verdict, status="failed", code=1, reasons=("p95 < 5ms: 7 ms",), warnings=("one agent left",)
    )
    run = replace(summary.run, exit_code=99)
    part = section(tree_of(replace(summary, verdict=verdict, run=run)), "verdict")
    assert part.all("h1")[0].text == summary.run.name
    assert "Failed exit code 99" in part.text
    assert [each.text for each in part.all("ul")[0].all("li")] == ["p95 < 5ms: 7 ms"]
    assert [each.text for each in part.all("ul")[1].all("li")] == ["Warning: one agent left"]


@pytest.mark.parametrize(
    ("passed", "severity", "shown"),
    [(True, "fail", "passed"), (False, "fail", "failed"), (False, "warn", "warning"), (None, "fail", "no data")],
)
def test_the_state_of_an_objective_is_a_word(summary: Summary, passed: bool | None, severity: str, shown: str) -> None:
    objective = replace(
        summary.verdict.objectives[0], passed=passed, severity=severity, observed=None if passed is None else 88.866
    )
    verdict = replace(summary.verdict, objectives=(objective,))
    (row,) = table(section(tree_of(replace(summary, verdict=verdict)), "objectives"), "Objectives")
    assert row["State"] == shown
    assert row["Observed"] == ("-" if passed is None else "88.87 ms")
    assert row["Limit"] == "500 ms"


def test_the_level_table_has_every_level(page: Element, summary: Summary) -> None:
    rows = table(section(page, "levels"), "Levels")
    assert [row["From"] for row in rows] == [f"0:{at:02}" for at in range(0, 48, 4)]
    assert [row["Target"] for row in rows] == [f"{level.target:g}" for level in summary.levels]
    assert [row["Requests"] for row in rows] == [f"{level.requests:,}" for level in summary.levels]
    assert rows[0]["Notes"].startswith("warm-up")
    assert {row["Phase"] for row in rows} == {"warm", "climb"}


@pytest.mark.parametrize(
    ("steady_levels", "expected"),
    [
        (0, "Figures are over all of a level"),
        (1, "Figures are over the steady part of a level that has one, else over all of it"),
        (None, "Figures are over the steady part of a level"),
    ],
)
def test_the_level_table_says_what_its_figures_are_over(
    summary: Summary, steady_levels: int | None, expected: str
) -> None:
    levels = tuple(
        replace(row, steady_from_s=row.start_s) if steady_levels is None or number < steady_levels else row
        for number, row in enumerate(summary.levels)
    )
    text = section(tree_of(replace(summary, levels=levels)), "levels").text
    assert f"{expected}; levels with a note" in text


def test_the_actions_have_their_figures_and_their_details(page: Element, summary: Summary) -> None:
    part = section(page, "actions")
    rows = table(part, "Actions")
    assert [row["Action"] for row in rows] == [f"{row.step} {row.group}" for row in summary.actions]
    assert [row["Requests"] for row in rows] == [f"{row.requests:,}" for row in summary.actions]
    first = next(each for each in part.all("details") if each.attributes["id"] == "action-1")
    codes = {row.all("th")[0].text: row.all("td")[0].text for row in first.all("table")[2].all("tr")}
    assert codes == {code: f"{count:,}" for code, count in summary.actions[0].status_codes.items()}


def test_the_fleet_has_its_agents_and_its_news(page: Element) -> None:
    part = section(page, "fleet")
    (row,) = table(part, "Agents")
    assert row["Agent"] == "agent-1 here"
    assert row["State"] == "healthy"
    assert [each.text for each in part.all("ol")[0].all("li")] == [
        "0:00.5 info: agent-2 joined",
        "0:20.25 error: agent-2 is lost",
    ]


def test_an_error_sample_shows_both_sides_and_a_command(page: Element) -> None:
    part = section(page, "errors")
    (sample,) = part.all("details")
    for text in (
        "HTTP 500",
        "customer / action-3",
        "POST http://bank.example/transfer",
        "***",
        "out of order",
        "0af76519",
    ):
        assert text in sample.text
    command = sample.all("pre")[-1]
    assert command.text == ERROR_SAMPLE["curl"]
    (button,) = sample.all("button")
    assert button.attributes["data-copies"] == command.attributes["id"]


def test_an_error_sample_without_a_response_says_so(summary: Summary) -> None:
    sample = (
        ERROR_SAMPLE
        | {"response": None, "kind": "timeout", "agent": None, "detail": None, "curl": None}
        | {"trace_id": None}
    )
    part = section(tree_of(replace(summary, error_samples=(sample,))), "errors")
    assert "None came." in part.text
    assert part.all("button") == []


def test_the_plan_and_where_it_ran_are_there(page: Element, summary: Summary) -> None:
    assert summary.history is not None
    assert section(page, "plan").all("pre")[0].children == [summary.history.plan]
    facts = dict(zip(*[[e.text for e in section(page, "facts").all(name)] for name in ("dt", "dd")], strict=True))
    assert facts["Seed"] == "42"
    assert facts["Plan, SHA-256"] == "ab" * 32
    assert facts["Quantile error"] == "at most 0.55%"
    assert facts["Profile"] == "-"


def test_no_data_is_a_dash_and_never_0(summary: Summary) -> None:
    page = tree_of(empty_run())
    cards = section(page, "figures").all("dl")[0].text
    assert "Throughput - ok/s" in cards
    assert "Response time p95 - ms" in cards
    assert "Failed -" in cards
    assert {row["p95 ms"] for row in table(section(page, "actions"), "Actions")} == {"-"}


def test_a_run_without_an_interval_says_so() -> None:
    page = tree_of(empty_run(failure="no agent came"))
    assert "No interval of this run was measured." in section(page, "over-time").text
    assert "No agent took part." in section(page, "fleet").text
    assert [each.attributes.get("id") for each in page.all("script")] == [None], "only our own script, and no charts"


def test_a_summary_without_its_history_says_what_is_left_out(summary: Summary) -> None:
    page = tree_of(replace(summary, history=None))
    for name in ("over-time", "plan", "fleet"):
        assert "Left out" in section(page, name).text
    assert [each.attributes["id"] for each in page.all("figure")] == [
        "figure-scalability",
        "figure-levels_throughput",
        "figure-levels_latency",
    ]
    assert "Most users 72" in section(page, "figures").text, "the highest level"


def test_a_run_without_a_fit_has_no_section_for_it(summary: Summary) -> None:
    for scalability in (None, analyse_scalability(made_levels(LAW, (1.0, 10.0)))):
        page = tree_of(replace(summary, analysis=replace(summary.analysis, scalability=scalability)))
        assert not [each for each in page if each.attributes.get("id") == "scalability"]
        assert "#scalability" not in [each.attributes.get("href") for each in page.all("a")]


def test_the_fitted_law_is_drawn_before_all_else_with_its_figures(summary: Summary) -> None:
    found = analyse_scalability(made_levels(LAW, USERS, noise=0.03))
    page = tree_of(replace(summary, analysis=replace(summary.analysis, scalability=found)))
    figures = [each.attributes["id"] for each in page.all("figure") if each.attributes.get("id")]
    assert figures.index("figure-scalability") == 0
    shown = {row["Figure"]: row["95 % interval"] for row in table(section(page, "scalability"), "Figures")}
    assert list(shown) == [row.name for row in scalability_figures(found)]
    assert " % to " in shown["Serialised share (α)"]


def test_the_charts_hold_the_figures_of_the_summary(page: Element, summary: Summary) -> None:
    assert summary.history is not None
    (held,) = [each for each in page.all("script") if each.attributes.get("id") == "charts"]
    document = json.loads(str(held.children[0]))
    assert set(document["roots"].values()) == {
        each.attributes["id"] for each in page.all("div") if each.attributes.get("class") == "canvas"
    }
    found = {
        source["name"]: {key: decoded(column) for key, column in source["data"]["entries"] if isinstance(column, dict)}
        for source in objects(document["document"])
        if source.get("type") == "object" and source.get("name") == "ColumnDataSource"
        for source in [source["attributes"]]
        if source.get("name")
    }
    assert found["rates"]["ok"].tolist() == summary.history.series.ok.tolist()
    assert found["levels"]["ok"].tolist() == pytest.approx([row.throughput_rps for row in summary.levels], rel=1e-6)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in a value."""
    if isinstance(value, dict):
        yield value
    for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(entry)


def decoded(column: dict[str, Any]) -> Any:
    """A column as bokeh writes arrays: base64 of gzip."""
    return np.frombuffer(gzip.decompress(base64.b64decode(column["array"]["data"])), dtype=column["dtype"])


def test_strips_share_an_axis_and_stay_in_their_frame(summary: Summary) -> None:
    strips = histograms_of(summary.actions)
    assert strips is not None
    times = [row.response_time_ms for row in summary.actions]
    assert strips.low_ms <= min(each.min or np.inf for each in times)
    assert strips.high_ms >= max(each.max or 0 for each in times)
    for strip, each in zip(strips.rows, times, strict=True):
        assert strip is not None
        assert [ms for _, _, ms in strip.ticks] == [each.p50, each.p95, each.p99]
        assert [x for _, x, _ in strip.ticks] == sorted(x for _, x, _ in strip.ticks)
        tops = [float(top) for top in re.findall(r"V([\d.]+)", strip.path)]
        assert min(tops) == 0
        assert max(tops) == HEIGHT
        assert sum(float(width) for width in re.findall(r"h([\d.]+)", strip.path)) == pytest.approx(WIDTH, rel=0.01)


def test_an_action_without_a_response_has_no_strip(summary: Summary) -> None:
    silent = empty_run().actions[0]
    strips = histograms_of((*summary.actions, silent))
    assert strips is not None
    assert strips.rows[-1] is None
    assert histograms_of((silent,)) is None
    assert histograms_of(()) is None


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (999_600, "1 MB"), (5e15, "5,000 TB")]
)
def test_bytes_are_shown_in_thousands(count: int, shown: str) -> None:
    assert show_bytes(count) == shown


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        ("2026-01-02T03:04:05.678901+00:00", "2026-01-02 03:04:05 UTC"),
        ("2026-01-02T03:04:05Z", "2026-01-02 03:04:05 UTC"),
    ],
)
def test_instants_are_shown_to_the_second(instant: str, shown: str) -> None:
    assert show_moment(instant) == shown


# ── Nothing from elsewhere, and text stays text ────────────────────────────────────────────────────────────────────


def hostile_summary(summary: Summary) -> Summary:
    """Every text that a plan or a system decides, as an attack."""
    assert summary.history is not None
    sample = json.loads(json.dumps(ERROR_SAMPLE).replace("out of order", "x"))
    sample["response"]["body"] = sample["request"]["body"] = sample["request"]["url"] = HOSTILE
    sample["response"]["headers"] = [[HOSTILE, HOSTILE]]
    sample |= dict.fromkeys(("detail", "curl", "agent", "kind", "group", "step", "trace_id"), HOSTILE)
    row = replace(
        summary.actions[0], step=HOSTILE, group=HOSTILE, action="x", errors={HOSTILE: 1}, status_codes={HOSTILE: 1}
    )
    schedule = summary.history.schedule
    phases = tuple(replace(phase, name=HOSTILE) for phase in schedule.phases)
    return replace(
        summary,
        run=replace(summary.run, name=HOSTILE, command=HOSTILE, tags={HOSTILE: HOSTILE}, git={"branch": HOSTILE}),
        verdict=replace(summary.verdict, reasons=(HOSTILE,), warnings=(HOSTILE,)),
        actions=(row, *summary.actions[1:]),
        levels=tuple(replace(level, phase=HOSTILE) for level in summary.levels),
        agents=tuple(replace(agent, name=HOSTILE, host=HOSTILE) for agent in summary.agents),
        error_samples=(sample,),
        history=replace(
            summary.history,
            news=(News(1, "error", HOSTILE),),
            plan=HOSTILE,
            schedule=replace(schedule, phases=phases),
        ),
    )


def test_text_of_plan_and_system_stays_text(summary: Summary, page: Element) -> None:
    attacked = hostile_summary(summary)
    hostile = tree_of(attacked)
    kinds = Counter(element.name for element in page)
    assert Counter(element.name for element in hostile)["script"] == kinds["script"]
    assert hostile.all("img") == []
    assert not [element for element in hostile if any(name.startswith("on") for name in element.attributes)]
    shown = " ".join(HOSTILE.split())
    assert hostile.all("h1")[0].text == shown
    for name in ("verdict", "actions", "errors", "fleet", "plan", "facts"):
        assert shown in section(hostile, name).text, name
    (held,) = [each for each in hostile.all("script") if each.attributes.get("id") == "charts"]
    data = [each["data"] for each in objects(json.loads(str(held.children[0]))) if isinstance(each.get("data"), dict)]
    drawn = [column for each in data for column in each["entries"]]
    assert ["text", [f"{HOSTILE} (warm-up)", HOSTILE]] in drawn, "the names of the phases"
    assert ["phase", [HOSTILE] * len(attacked.levels)] in drawn


def test_nothing_is_asked_of_anybody(page: Element) -> None:
    for element in page:
        assert not {"src", "srcset", "action", "formaction", "ping", "background", "data", "poster"} & set(
            element.attributes
        )
        assert (element.attributes.get("href") or "#").startswith("#")
        assert element.name not in {"link", "iframe", "object", "embed", "form", "base", "img"}
    assert "url(" not in package_text("report.css")
    assert "@import" not in package_text("report.css")


def test_only_the_named_scripts_may_run(page: Element) -> None:
    (policy,) = [each.attributes["content"] for each in page.all("meta") if each.attributes.get("http-equiv")]
    assert policy is not None
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    running = [each for each in page.all("script") if each.attributes.get("type") is None]
    hashes = [base64.b64encode(hashlib.sha256(str(each.children[0]).encode()).digest()).decode() for each in running]
    assert rules["script-src"].split() == [f"'sha256-{each}'" for each in hashes]


@pytest.mark.parametrize("text", ["a</script>b", "a</SCRIPT b", "x<!--y"])
def test_a_script_that_would_end_its_element_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be inlined"):
        Script.of(text)


# ── For everybody ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_can_be_read_aloud(page: Element) -> None:
    (root,) = page.all("html")
    assert root.attributes["lang"] == "en"
    assert page.all("title")[0].text.startswith("Passed: ")
    for landmark in ("header", "nav", "main", "footer"):
        assert len(page.all(landmark)) == 1, landmark
    levels = [int(each.name[1]) for each in page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels)), "no heading is skipped"
    skip = page.all("a")[0]
    assert skip.attributes["href"] == "#main"


def test_tables_say_what_they_are(page: Element) -> None:
    for each in page.all("table"):
        assert each.all("caption"), each.text[:80]
        assert all(head.attributes.get("scope") in {"row", "col"} for head in each.all("th"))


def test_every_picture_has_words(page: Element) -> None:
    pictures = [each for each in page if each.attributes.get("role") == "img"]
    assert len(pictures) == 3 + 1 + 2 + 7 + 6 * 2, (
        "overview, the law, charts of levels, charts over time, two strips an action"
    )
    for each in pictures:
        assert re.search(r"\d", each.attributes["aria-label"] or ""), "in figures"
    unnamed = [each for each in page.all("svg") if each.attributes.get("role") != "img"]
    assert all(each.attributes.get("aria-hidden") == "true" for each in unnamed)


def test_names_in_the_page_are_unique_and_links_lead_somewhere(page: Element) -> None:
    names = Counter(each.attributes["id"] for each in page if "id" in each.attributes)
    assert [name for name, count in names.items() if count > 1] == []
    referred = [
        each.attributes[key] for each in page for key in ("aria-labelledby", "data-copies") if key in each.attributes
    ]
    links = [(each.attributes["href"] or "").removeprefix("#") for each in page.all("a")]
    assert [name for name in [*referred, *links] if name not in names] == []


def test_text_stands_out_on_light_and_on_dark() -> None:
    css = package_text("report.css")
    light, dark = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r"\{([^{}]*--page[^{}]*--surface[^{}]*)\}", css)
    ]
    for colours in (light, dark):
        for ink in ("ink", "soft", "link", "passed", "failed", "warning", "none"):
            for surface in ("page", "surface", "faint"):
                assert contrast(colours[ink], colours[surface]) >= TEXT, (ink, surface)
        for tone in ("passed", "failed", "warning"):
            assert contrast(colours[tone], colours[f"{tone}-wash"]) >= TEXT, tone


# ── The file ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_hour_at_a_second_stays_small() -> None:
    summary = simulated_run(seconds=360, rules=(), times=10)
    assert summary.history is not None
    assert (len(summary.history.series), len(summary.actions)) == (3600, 20)
    assert len(render_report(summary).encode()) < MOST_BYTES


def test_the_reporter_writes_the_file_in_one_step(tmp_path: Path, summary: Summary) -> None:
    path = tmp_path / "out.html"
    path.write_text("old")
    reporter = HtmlReporter(str(path))
    reporter.prepare()
    assert path.read_text() == "old"
    reporter.on_test_complete(summary)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.html"], "no draft is left behind"


def test_without_a_path_it_is_report_html_in_the_working_folder(
    tmp_path: Path, summary: Summary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reporter = HtmlReporter()
    reporter.prepare()
    reporter.on_test_complete(summary)
    write_html_report(summary, "other.html")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["other.html", "report.html"]


def test_a_path_that_cannot_be_written_is_reported_before_the_load(tmp_path: Path) -> None:
    with pytest.raises(ReporterError, match=r"-o html=.*: cannot be written: No such file or directory"):
        HtmlReporter(str(tmp_path / "nowhere/out.html")).prepare()


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    code = "import sys, gradual_master.reporting.html; sys.exit('bokeh' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
