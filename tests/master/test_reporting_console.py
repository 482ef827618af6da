"""The console summary: the verdict first, every table within 80 columns, no escape codes where nobody can see them."""

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from raw_run import MS, S, Stretch, agent, batch_of, fleet_of, plan_of, run_of, schedule_of
from rich.console import Console

from gradual_master.reporting.console import MOST_LEVELS as MOST
from gradual_master.reporting.console import ConsoleReporter
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.summary import Summary, build_summary

ESCAPE = "\x1b"
FULL = [(2, 1, 1, 0), (1, 0.5, 0.5, 0)]


class Options:
    allow_missing = 0.01
    allow_saturated = False


def summary_of(*rules: Any, levels: int = 2, warm_up: int = 0, samples: Any = None, **facts: Any) -> Summary:
    plan = plan_of(thresholds=[rule if isinstance(rule, dict) else {"rule": rule} for rule in rules])
    schedule = schedule_of(*[(2, 1)] * levels, seconds=1, warm_up=warm_up)
    aggregate = Aggregate(plan, schedule, S)
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
    return build_summary(plan, schedule, aggregate, fleet, run_of(**facts), Options())


def printed(summary: Summary, **console: Any) -> str:
    out = io.StringIO()
    ConsoleReporter(console=Console(file=out, highlight=False, **{"width": 80, **console})).on_test_complete(summary)
    return out.getvalue()


def test_the_verdict_and_its_reasons_come_first() -> None:
    lines = printed(summary_of("p95(browse) < 500ms", {"rule": "max < 1s", "severity": "warn"})).splitlines()
    assert lines[1] == "FAILED  bank  (0:05, run run-1)"
    assert lines[2].startswith("  - p95(browse) < 500ms: ")
    assert any(line.startswith("  ! max < 1s: 30,000 ms over") for line in lines)
    order = [
        next(n for n, line in enumerate(lines) if title in line)
        for title in ("Objectives", "Levels", "Actions", "Agents")
    ]
    assert order == sorted(order)


def test_everything_fits_80_columns_and_carries_no_escape_codes_off_a_terminal() -> None:
    text = printed(summary_of('p95("login") < 500ms', "error_rate(*) < 1%", levels=12, warm_up=2))
    assert max(map(len, text.splitlines())) <= 80
    assert ESCAPE not in text


def test_objectives_say_what_was_observed() -> None:
    text = printed(
        summary_of(
            "p95(browse) < 500ms", "count > 1", "error_rate(phase=*) < 90%", {"rule": "min > 1s", "severity": "warn"}
        )
    )
    rows = {
        state: line
        for line in text.splitlines()
        for state in ("FAILED", "passed", "warning")
        if line.rstrip().endswith(state)
    }
    assert re.search(r"p95\(browse\) < 500ms +\S+ ms +4 +FAILED", rows["FAILED"])
    assert re.search(r"min > 1s +1 ms +8 +warning", rows["warning"])


def test_an_objective_without_data_says_so() -> None:
    text = printed(summary_of("p95(action=*) < 500ms", samples=[(0, "", MS)]))
    assert re.search(r"p95\(action=rates\) < 500ms +- +0 +no data", text)


def test_failures_are_named_by_kind() -> None:
    assert "  customer / browse: status 2, timeout 2" in printed(summary_of())


def test_the_level_table_shows_users_and_marks() -> None:
    text = printed(summary_of(levels=3, warm_up=1))
    assert re.search(r"warm +0:00 +3 +3 +2 ", text)
    assert "warm-up" in text


def test_a_long_level_table_is_thinned_and_says_so() -> None:
    text = printed(summary_of(levels=MOST * 2 + 1))
    assert f"27 of {MOST * 2 + 1} levels" in text
    assert "1:20" in text, "the last level is always shown"


def test_a_lost_agent_is_named() -> None:
    text = printed(summary_of())
    assert re.search(r"agent-2 +0 +- +- +- +lost", text)
    assert "1 agent lost: agent-2" in text


def test_what_speaks_against_levels_and_agents_stands_beside_them_within_80_columns() -> None:
    summary = summary_of(levels=3, warm_up=1)
    marks = ("failures", "missing", "saturated", "unaccounted")
    summary = replace(
        summary,
        levels=tuple(replace(row, marks=marks) for row in summary.levels),
        agents=tuple(replace(row, left=True, saturated=1200, name="agent-with-a-long-name") for row in summary.agents),
    )
    text = printed(summary)
    assert max(map(len, text.splitlines())) <= 80
    for word in ("warm-up,", "missing", "saturated", "late", "lost, left,", "1,200", "30,000"):
        assert word in text


def test_an_agent_that_left_on_request_is_no_lost_one() -> None:
    summary = summary_of()
    summary = replace(summary, agents=(replace(summary.agents[0], left=True),))
    assert re.search(r"\ba +8 .* left *\n", printed(summary))


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
