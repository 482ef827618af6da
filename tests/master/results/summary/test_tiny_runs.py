"""However small a run, its verdict is right and its sentences can be read: no share of nothing, no plural of one."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from raw_run import MS, START, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of
from summary_schema import SUMMARY, violations

from gradual_common.protocol.batch import Health
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase
from gradual_master.reporting.console.reporter import render_text
from gradual_master.reporting.markdown.reporter import render_markdown
from gradual_master.results.facts import FleetFacts, SlotsFinished
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

WRONG = (
    (r"(?<![\d.,])0(\.0+)? of\b", "a part of nothing"),
    (r"\bof 0(\.0+)?(?![\d.])", "a share of nothing"),
    (r"\bnan\b|\binf\b|None|1e\+", "no number"),
    (
        r"\b1 (users|agents|requests|samples|waits|intervals|iterations|windows|batches|level changes)\b",
        "a plural of one",
    ),
    (r"\b1 of [\d,]+ \w+( \w+)? were\b", "a plural of one"),
    (r"\d %", "a percent sign apart from its number"),
)


def schedule_of(users: int, length: int) -> Schedule:
    return Schedule(
        (Change(0, users, (users,), 0, 0),),
        (Level(0, 0, 0, length, float(users)),),
        (SchedulePhase(0, "main", 0, length, False),),
        length,
        ("u",),
    )


def run(
    *stretches: Stretch,
    users: int = 1,
    seconds: float = 1,
    iterations: int | None = None,
    fleet: FleetFacts | None = None,
    start_lags: Sequence[int] = (),
    health: Health | None = None,
    thresholds: list[str] | None = None,
    is_complete: bool = True,
    **facts: Any,
) -> Summary:
    """One group `u` of so many users; each stretch is sealed in the interval in which it begins."""
    group = {"name": "u", "concurrency": users, "behavior": [{"action": "login"}]} | (
        {"iterations": iterations} if iterations else {}
    )
    plan = plan_of(users=[group], **({} if thresholds is None else {"thresholds": thresholds}))
    schedule = schedule_of(users, round(seconds * S))
    aggregate = aggregate_of(plan, schedule)
    for number, stretch in enumerate(stretches):
        batch = batch_of(
            number + 1,
            stretch.begin // S,
            stretch,
            groups=1,
            last=is_complete and stretch is stretches[-1],
            start_lags=start_lags,
            health=health,
        )
        aggregate.merge("a", batch)
    known = fleet or fleet_of(agent("a"))
    summary = build_summary(aggregate, known, run_of(**facts))
    assert violations(summary.to_dict(), SUMMARY) == []
    return summary


def sentences_of(summary: Summary) -> list[str]:
    verdict = summary.verdict
    return [*verdict.reasons, *verdict.warnings, *(row.reason for row in verdict.objectives if row.reason)]


def users(active: float, in_request: float | None = None) -> list[tuple[float, float, float, float]]:
    return [(active, active if in_request is None else in_request, 0, 0)]


OK = [(0, "", 5 * MS)]
FAILED = [(0, "connect", 5 * MS)]
DONE = SlotsFinished(START + 4 * MS, 0, 5)

SHAPES: dict[str, tuple[Summary, str, str]] = {
    "five users have done their one iteration in milliseconds": (
        run(
            Stretch(0, 0, 57 * MS, OK * 15, users=users(0.22, 0.216)),
            users=5,
            seconds=30,
            iterations=1,
            fleet=fleet_of(agent("a"), finished=(DONE,)),
        ),
        "passed",
        "",
    ),
    "one user, one second, begun 40 ms late": (
        run(Stretch(0, 0, S, OK, users=users(0.96))),
        "passed",
        "",
    ),
    "one user who never came": (
        run(Stretch(0, 0, S, users=users(0))),
        "invalid",
        "100% of the scheduled user-seconds were missing (1.0 of 1.0)",
    ),
    "one of five users is missing": (
        run(Stretch(0, 0, S, OK, users=users(4)), users=5),
        "invalid",
        "20% of the scheduled user-seconds were missing (1.0 of 5.0)",
    ),
    "the first request takes some milliseconds to be built": (
        run(Stretch(0, 0, 100 * MS, OK, users=users(1, 0.9)), seconds=0.1),
        "passed",
        "",
    ),
    "one wait, ended 9 ms late": (
        run(Stretch(0, 0, S, OK, users=users(1)), start_lags=[9 * MS]),
        "passed",
        "",
    ),
    "one request, and it failed": (
        run(Stretch(0, 0, S, FAILED, users=users(1))),
        "failed",
        "error_rate < 100%: 100% over 1 sample; first broken at 1 s",
    ),
    "every iteration fails before anything is sent": (
        run(Stretch(0, 0, S, FAILED * 9, users=users(1), counters={0: {"unsent": 9}}, iterations=[(9, 9)])),
        "failed",
        "error_rate < 100%: 100% over 9 samples",
    ),
    "no request at all": (
        run(Stretch(0, 0, S, users=users(1))),
        "failed",
        "error_rate < 100%: no data",
    ),
    "one of twenty requests was lost with its agent": (
        run(
            Stretch(0, 0, S, OK * 19, users=users(1)),
            fleet=fleet_of(agent("a", begun=20, lost=True)),
            is_complete=False,
        ),
        "invalid",
        "at least 1 of 20 requests begun was never reported (5%): a 1 (begun at least 20, merged 19)",
    ),
    "interrupted before anything ended": (
        run(Stretch(0, 0, S // 2, users=users(1)), stop_signal="interrupt"),
        "interrupted",
        "the run was interrupted before its end; objectives are judged up to there",
    ),
    "interrupted before the first batch": (run(stop_signal="terminate", seconds=9), "interrupted", ""),
    "nobody came": (run(failure="no agent came within 60 s", seconds=9), "invalid", "no agent came within 60 s"),
    "no batch, and nobody says why": (run(seconds=1), "invalid", ""),
    "one interval, saturated": (
        run(Stretch(0, 0, S, OK, users=users(1)), health=Health(1.0, 1, 1, 0)),
        "passed",
        "",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_its_verdict_is_right(shape: str) -> None:
    summary, status, reason = SHAPES[shape]
    assert summary.verdict.status == status, sentences_of(summary)
    assert not reason or any(one.startswith(reason) for one in summary.verdict.reasons), sentences_of(summary)
    if status == "passed":
        assert [warning for warning in summary.verdict.warnings if "lost" not in warning] == []


@pytest.mark.parametrize("shape", SHAPES)
def test_its_sentences_can_be_read(shape: str) -> None:
    for sentence in sentences_of(SHAPES[shape][0]):
        found = [(what, sentence) for pattern, what in WRONG if re.search(pattern, sentence)]
        assert not found


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_shown_of_it_has_no_plural_of_one(shape: str) -> None:
    summary = SHAPES[shape][0]
    for text in (render_text(summary), render_markdown(summary)):
        assert not re.search(r"(?<![\d.,])1 (users|agents|requests|iterations|levels|warnings)\b", text), text


def test_iterations_that_could_not_send_are_not_empty() -> None:
    summary = SHAPES["every iteration fails before anything is sent"][0]
    assert not any("conditions" in warning for warning in summary.verdict.warnings)
    idle = run(Stretch(0, 0, S, users=users(1), iterations=[(9, 9)]))
    assert "9 iterations of u sent no request and did not wait: check its conditions" in idle.verdict.warnings


def test_where_nothing_succeeded_that_is_reported_once() -> None:
    for shape in ("one request, and it failed", "no request at all"):
        assert len(SHAPES[shape][0].verdict.reasons) == 1


def test_a_tiny_run_marks_its_level_by_nothing_of_no_account() -> None:
    summary = SHAPES["five users have done their one iteration in milliseconds"][0]
    assert [row.marks for row in summary.levels] == [()]
    summary = SHAPES["the first request takes some milliseconds to be built"][0]
    assert [row.marks for row in summary.levels] == [()]


def test_an_interrupted_run_judges_what_it_has_and_leaves_the_rest_open() -> None:
    summary = run(
        Stretch(0, 0, S // 2, [*OK, *OK, *FAILED], users=users(1)),
        stop_signal="interrupt",
        thresholds=["p95 < 1s", "error_rate < 1%", "count > 1000", "count > 2", "p95(group=u, kind=tls) < 1s"],
        seconds=60,
    )
    assert [(row.rule, row.passed, row.reason) for row in summary.verdict.objectives] == [
        ("p95 < 1s", True, None),
        ("error_rate < 1%", False, "error_rate < 1%: 33.333% over 3 samples; first broken at 1 s"),
        ("count > 1000", None, "count > 1000: 3 when the run was cut short"),
        ("count > 2", True, None),
        ("p95(group=u, kind=tls) < 1s", None, "p95(group=u, kind=tls) < 1s: no data when the run was cut short"),
        ("error_rate < 100%", True, None),
    ]
    open_ones = [row.without_judgement for row in summary.verdict.objectives if row.passed is None]
    assert open_ones == ["not judged", "no data"]
    assert summary.verdict.reasons == (
        "the run was interrupted before its end; objectives are judged up to there",
        "error_rate < 1%: 33.333% over 3 samples; first broken at 1 s",
    )
    assert summary.verdict.warnings == (), "what is open is in the table"


def test_a_run_that_goes_to_its_end_fails_the_same_objectives_for_lack_of_data() -> None:
    summary = run(Stretch(0, 0, S, OK * 3, users=users(1)), thresholds=["count > 1000", "p95(group=u, kind=tls) < 1s"])
    assert [row.passed for row in summary.verdict.objectives][:2] == [False, False]
