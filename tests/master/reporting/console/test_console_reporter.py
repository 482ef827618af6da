"""The console summary: the verdict last, on the last screen, tables within their columns, no escape codes in a file."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of
from rich.console import Console

from gradual_master.reporting.console.parts import MAX_LEVEL_ROWS as MOST
from gradual_master.reporting.console.reporter import ConsoleReporter, render_text
from gradual_master.results.summary.sections import DataRow, OnceSection, Summary
from gradual_master.results.summary.summary import build_summary

ESCAPE = "\x1b"
FULL = [(2, 1, 1, 0), (1, 0.5, 0.5, 0)]


def summary_of(*rules: Any, levels: int = 2, warm_up: int = 0, samples: Any = None, **facts: Any) -> Summary:
    plan = plan_of(thresholds=[rule if isinstance(rule, dict) else {"rule": rule} for rule in rules])
    schedule = schedule_of(*[(2, 1)] * levels, seconds=1, warm_up=warm_up)
    aggregate = aggregate_of(plan, schedule)
    seen = (
        samples
        if samples is not None
        else [(0, "", 12 * MS), (1, "status", 1234 * MS), (1, "timeout", 30_000 * MS), (2, "", MS)]
    )
    for number in range(levels):
        stretch = Stretch(number, number * S, (number + 1) * S, seen, users=FULL)
        aggregate.merge("a", batch_of(number + 1, number, stretch, start_lags=[MS], last=number == levels - 1))
    fleet = fleet_of(agent("agent-1"), agent("agent-2", lost=True)) if levels else fleet_of()
    fleet = fleet_of(*(entry if entry.id != "agent-1" else agent("a") for entry in fleet.agents))
    return build_summary(aggregate, fleet, run_of(**facts))


def printed(summary: Summary, files: Sequence[Path] = (), **console: Any) -> str:
    out = io.StringIO()
    reporter = ConsoleReporter(console=Console(file=out, highlight=False, **{"width": 80, **console}))
    reporter.receive_files(files)
    reporter.on_test_complete(summary)
    return out.getvalue()


def test_the_verdict_comes_last_with_its_reasons_its_objectives_and_what_was_written() -> None:
    summary = summary_of("p95(browse) < 500ms", {"rule": "max < 1s", "severity": "warn"})
    lines = printed(summary, files=[Path("out/monday.html"), Path("junit.xml")]).splitlines()
    verdict = lines.index("FAILED, 3 warnings  bank  (0:05, run run-1)")
    assert lines[verdict + 1].startswith("  - p95(browse) < 500ms: ")
    order = [
        next(n for n, line in enumerate(lines) if line.startswith(title))
        for title in ("Levels", "Actions", "Agents", "Warnings", "Totals", "FAILED", "Objectives", "Reports")
    ]
    assert order == sorted(order)
    assert any(line.startswith("  ! max < 1s: 30,000 ms over") for line in lines[: order[4]])
    assert lines[-2:] == ["  out/monday.html", "  junit.xml"]


def test_what_a_run_came_to_is_within_the_last_24_lines() -> None:
    rules = ("p95(browse) < 500ms", "p99 < 1s", "max < 1s", "error_rate < 1%")
    files = [Path(f"a-report-of-the-run.{ending}") for ending in ("html", "md", "xml")]
    last = printed(summary_of(*rules, levels=30), files=files).splitlines()[-23:]
    assert "FAILED" in "\n".join(last)
    assert sum(line.startswith("  - ") for line in last) == len(rules)
    assert sum(line.startswith("✗ ") for line in last) == len(rules)
    assert last[-3:] == [f"  {path}" for path in files]


def test_a_path_is_never_broken() -> None:
    path = Path("a-long-folder-name" * 8) / "report.html"
    assert printed(summary_of(), files=[path]).splitlines()[-1] == f"  {path}"


def test_the_totals_have_rates_data_and_times() -> None:
    summary = summary_of()
    totals = replace(summary.totals, bytes_sent=1536, bytes_received=2_500_000, iterations=1234)
    text = printed(replace(summary, totals=totals))
    assert re.search(r"Totals +8 requests, 4 req/s, 2 ok/s; 4 failed \(50%\)", text)
    assert "1,234 iterations; 2.5 MB received, 1.5 KB sent" in text
    assert re.search(r"time, ms +min 1, mean [\d,.]+, p50 \S+, p90 \S+, p95 \S+, p99 \S+, max\s+30,000", text)


def test_a_wide_terminal_gets_more_columns() -> None:
    summary = summary_of(levels=3, warm_up=1)
    narrow, wide = printed(summary), printed(summary, width=140)
    for title in ("min ms", "mean ms", "p90 ms", "req/s  "):
        assert title in wide
        assert title not in narrow
    assert max(map(len, wide.splitlines())) <= 140


def test_a_terminal_without_the_signs_gets_others() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    ConsoleReporter(console=Console(file=out, highlight=False, width=80)).on_test_complete(
        summary_of("p95(browse) < 500ms", "p50 > 1us")
    )
    out.flush()
    text = out.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]  # it is the BytesIO of above
    assert "x p95(browse) < 500ms" in text
    assert "+ p50 > 1us" in text


def test_a_summary_prints_as_the_console_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    summary = summary_of("p95(browse) < 500ms", "p50 > 1us")
    assert render_text(summary, 80) == printed(summary, force_terminal=False).strip("\n")
    assert ESCAPE not in str(summary)
    assert "✗ p95(browse) < 500ms" in str(summary)


def test_everything_fits_80_columns_and_carries_no_escape_codes_off_a_terminal() -> None:
    text = printed(summary_of('p95("login") < 500ms', "error_rate(*) < 1%", levels=12, warm_up=2))
    assert max(map(len, text.splitlines())) <= 80
    assert ESCAPE not in text


def test_objectives_say_what_was_observed() -> None:
    rules = ("p95(browse) < 500ms", "count > 1", {"rule": "min > 1s", "severity": "warn", "name": "not too fast"})
    text = printed(summary_of(*rules))
    assert re.search(r"✗ p95\(browse\) < 500ms +\S+ ms +4\n", text)
    assert re.search(r"✓ count > 1 +8 +8 *\n", text)
    assert re.search(r"! not too fast  min > 1s +1 ms +8 +warning", text)


def test_an_objective_without_data_says_so() -> None:
    text = printed(summary_of("p95(action=*) < 500ms", samples=[(0, "", MS)]))
    assert re.search(r"- p95\(action=rates\) < 500ms +- +0 +no data", text)


def test_errors_are_shown_in_words_with_their_share_their_times_and_an_example() -> None:
    summary = summary_of()
    row = replace(summary.errors[0], label="HTTP 404", status_code=404, kind="status", count=300, share=0.25)
    row = replace(row, first_s=4.04, last_s=72.5, cause="the server answered 404 Not Found")
    text = printed(replace(summary, errors=(replace(row, example="GET http://bank.example/rates → 404"),)))
    assert (
        "  HTTP 404 × 300 in customer / browse: 25% of its requests, 0:04 to 1:12.5\n"
        "    GET http://bank.example/rates → 404\n"
    ) in text


def test_of_many_errors_the_most_frequent_are_shown() -> None:
    summary = summary_of()
    errors = tuple(replace(summary.errors[0], label=f"HTTP {code}", count=600 - code) for code in range(400, 430))
    text = printed(replace(summary, errors=errors))
    assert ("HTTP 409 ×" in text, "HTTP 410 ×" in text, "and 20 more;" in text) == (True, False, True)


def test_the_level_table_shows_users_and_marks() -> None:
    text = printed(summary_of(levels=3, warm_up=1))
    assert re.search(r"warm +0:00 +3 +4 +2 ", text)
    assert "warm-up" in text


def test_a_long_level_table_is_thinned_and_says_so() -> None:
    text = printed(summary_of(levels=MOST * 2 + 1))
    assert f"27 of {MOST * 2 + 1} levels" in text
    assert "1:20" in text, "the last level is always shown"


def test_a_lost_agent_is_named() -> None:
    text = printed(summary_of())
    assert re.search(r"agent-2 +0 +- +- +- +lost", text)
    assert "1 agent lost: agent-2" in text


def test_the_problems_of_levels_and_agents_are_shown_beside_them_within_80_columns() -> None:
    summary = summary_of(levels=3, warm_up=1)
    marks = ("failures", "missing", "saturated", "unaccounted", "unsteady")
    summary = replace(
        summary,
        levels=tuple(replace(row, marks=marks) for row in summary.levels),
        agents=tuple(replace(row, left=True, saturated=1200, name="agent-with-a-long-name") for row in summary.agents),
    )
    text = printed(summary)
    assert max(map(len, text.splitlines())) <= 80
    for word in ("warm-up,", "missing", "saturated", "unaccounted", "steady", "lost, left,", "1,200", "30,000"):
        assert word in text


def test_an_agent_that_left_on_request_is_not_lost() -> None:
    summary = summary_of()
    summary = replace(summary, agents=(replace(summary.agents[0], left=True),))
    assert re.search(r"\ba +8 .* left\s*\n", printed(summary))


def test_names_are_never_read_as_markup() -> None:
    summary = summary_of({"rule": "count > 1", "name": "[red]many[/red]"})
    assert "[red]many[/red]" in printed(summary)


def test_a_terminal_gets_colours_unless_it_asks_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert ESCAPE in printed(summary_of(), force_terminal=True, color_system="standard")
    assert f"{ESCAPE}[32m" not in printed(summary_of(), force_terminal=True, color_system="standard", no_color=True)


def test_results_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    ConsoleReporter().on_test_complete(summary_of())
    out, err = capsys.readouterr()
    assert "FAILED" in out or "PASSED" in out
    assert ESCAPE not in out
    assert err == ""


def test_a_run_that_was_never_measured_is_shown_without_figures() -> None:
    text = printed(summary_of(levels=0, failure="no agents came: 0 of 2"))
    assert "INVALID" in text
    assert "  - no agents came: 0 of 2" in text
    assert "Levels" not in text


def test_set_up_and_teardown_are_said_with_their_messages() -> None:
    ended = OnceSection("passed", "a", 0.0123, None, (), (), (), ())
    failed = replace(ended, status="failed", agent=None, duration_s=None, reason="it was not performed")
    summary = summary_of()
    text = printed(replace(summary, setup=ended, teardown=failed, totals=replace(summary.totals, setup_sent=3)))
    assert "set-up    passed on a in 0.0123 s; 0 requests, 0 failed" in text
    assert "teardown  failed; 0 requests, 0 failed" in text
    assert "3 of them in setup and teardown" in text
    assert "set-up" not in printed(summary), "a plan without them says nothing"


def test_data_that_is_used_up_is_said() -> None:
    some, none = DataRow("order", 5000, 1200, 1100, 0, False), DataRow("voucher", 1, 1, 0, 1, True)
    text = printed(replace(summary_of(), data=(some, none)))
    assert "data      1,100 of 5,000 rows of order used, 1,200 handed out\n" in text
    assert "data      0 of 1 row of voucher used, 1 handed out, 1 lost; none is left\n" in text
