"""The table of errors says what failed, how often, when and why, and adds up to the failures of each step."""

from random import Random
from typing import Any

import pytest
from raw_run import MS, START, S, Stretch, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of
from summary_schema import SUMMARY, violations

from gradual_common.kinds.failures import KIND, KINDS
from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.samples import Exemplar
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.measures.errors import MAX_EXAMPLE_CHARS, MAX_LIVE_ROWS, ErrorRow, example_of
from gradual_master.results.summary.summary import build_summary

PLAN = plan_of()
SCHEDULE = schedule_of((4, 2), (4, 2))


def aggregate(*batches: Any, plan: Plan = PLAN, schedule: Any = SCHEDULE) -> Aggregate:
    made = aggregate_of(plan, schedule)
    for name, batch in batches:
        made.merge(name, batch)
    return made


def describe(made: Aggregate, *exemplars: Exemplar) -> Aggregate:
    for one in exemplars:
        made.error_samples.add("a", one)
    return made


def described(step: int, kind: str, at: int, detail: str = "", code: int = 0, number: int = 0) -> Exemplar:
    """An exchange that ended `at` ns after the start of the schedule."""
    document = {
        "detail": detail,
        "request": {"method": "GET", "url": "http://bank.example/rates", "headers": [], "body": "", "body_bytes": 0},
        "response": {"status_code": code, "headers": [], "body": None, "body_bytes": None} if code else None,
    }
    return Exemplar(step, KIND[kind], number, 0.5, START + at, 3, document)


def failing(level: int, begin: int, *samples: tuple[int, str], statuses: Any = ()) -> Stretch:
    return Stretch(level, begin, begin + S, [(step, kind, MS) for step, kind in samples], statuses=statuses)


def shown(row: ErrorRow) -> tuple[object, ...]:
    return row.step, row.kind, row.status_code, row.label, row.count, row.share


def test_failures_are_distinguished_by_step_kind_and_status_the_most_frequent_first() -> None:
    made = aggregate(
        (
            "a",
            batch_of(
                1,
                0,
                failing(
                    0,
                    0,
                    *[(2, "status")] * 4,
                    *[(2, "")] * 6,
                    *[(0, "connect")] * 2,
                    (1, "assertion:status_code"),
                    statuses=[(2, 404, 3), (2, 500, 1), (2, 200, 6), (1, "assertion:status_code", 202, 1)],
                ),
            ),
        ),
        ("b", batch_of(1, 0, failing(0, 0, (2, "status"), statuses=[(2, 404, 1)]))),
    )
    made.close(0)
    assert [shown(row) for row in made.errors()] == [
        ("rates", "status", 404, "HTTP 404", 4, round(4 / 11, 6)),
        ("login", "connect", None, "no connection", 2, 1.0),
        ("browse", "assertion:status_code", 202, "HTTP 202", 1, 1.0),
        ("rates", "status", 500, "HTTP 500", 1, round(1 / 11, 6)),
    ]


def test_the_counts_of_a_step_add_up_to_its_failures_of_any_kinds() -> None:
    random = Random(7)
    batches = []
    for number in range(4):
        samples = [(random.randrange(3), random.choice(KINDS)) for _ in range(200)]
        statuses = [
            (step, kind, random.choice((200, 404, 500)), 1)
            for step, kind in samples
            if kind in {"", "status", "assertion:status_code", "extract"}
        ]
        batches.append(
            (
                "ab"[number % 2],
                batch_of(number // 2 + 1, number // 2, failing(0, number // 2 * S, *samples, statuses=statuses)),
            )
        )
    made = aggregate(*batches)
    summary = build_summary(made, fleet_of(), run_of())
    assert not violations(summary.to_dict(), SUMMARY)
    by_step = {action.step: 0 for action in summary.actions}
    for row in summary.errors:
        by_step[row.step] += row.count
    assert by_step == {action.step: action.failures for action in summary.actions}


def test_failures_without_a_code_are_not_lost() -> None:
    made = aggregate(("a", batch_of(1, 0, failing(0, 0, *[(2, "status")] * 3, statuses=[(2, 404, 1)]))))
    rows = made.errors()
    assert [(row.status_code, row.count) for row in rows] == [(None, 2), (404, 1)]


def test_what_failed_in_warm_up_is_not_in_the_table() -> None:
    schedule = schedule_of((4, 2), (4, 2), warm_up=1, seconds=1)
    made = aggregate(
        ("a", batch_of(1, 0, failing(0, 0, (0, "dns")))),
        ("a", batch_of(2, 1, failing(1, S, (0, "dns")))),
        schedule=schedule,
    )
    (row,) = made.errors()
    assert (row.count, row.first_s, row.last_s) == (1, 1.0, 1.0)


@pytest.mark.parametrize(
    ("described_at", "first_s", "last_s", "reason"),
    [
        ([], 0.0, 3.0, "nothing was described: the starts of the intervals"),
        ([300 * MS], 0.3, 3.0, "the first one was described"),
        ([300 * MS, 3500 * MS], 0.3, 3.5, "the first and a late one were described"),
        ([1500 * MS], 0.0, 3.0, "one between them tells nothing of either"),
    ],
)
def test_the_instants_are_exact_where_a_described_failure_tells(
    described_at: list[int], first_s: float, last_s: float, reason: str
) -> None:
    made = aggregate(*(("a", batch_of(n + 1, n, failing(n // 2, n * S, (0, "connect")))) for n in range(4)))
    describe(made, *(described(0, "connect", at, number=n) for n, at in enumerate(described_at)))
    (row,) = made.errors()
    assert (row.first_s, row.last_s) == (first_s, last_s), reason


@pytest.mark.parametrize(
    ("exemplars", "label", "cause", "example"),
    [
        ([], "no connection", None, None),
        (
            ["no connection to http://h (h: connection refused)"],
            "connection refused",
            "no connection to http://h (h: connection refused)",
            "GET http://bank.example/rates → connection refused",
        ),
        (
            ["no connection to http://h (h: connection refused)", "no connection to http://h within 2 s"],
            "connection refused and others",
            "no connection to http://h (h: connection refused)",
            "GET http://bank.example/rates → connection refused",
        ),
        (
            ["no connection to http://h within 2.01 s", "no connection to http://h within 2.5 s"],
            "not connected within 2.01 s",
            "no connection to http://h within 2.01 s",
            "GET http://bank.example/rates → not connected within 2.01 s",
        ),
    ],
)
def test_the_first_that_was_described_gives_label_cause_and_example(
    exemplars: list[str], label: str, cause: str | None, example: str | None
) -> None:
    made = aggregate(("a", batch_of(1, 0, failing(0, 0, (0, "connect")))))
    failures = [described(0, "connect", n * MS, detail, number=n) for n, detail in enumerate(exemplars)]
    (row,) = describe(made, *reversed(failures)).errors()
    assert (row.label, row.cause, row.example) == (label, cause, example)


def test_each_status_has_its_own_example() -> None:
    made = aggregate(
        ("a", batch_of(1, 0, failing(0, 0, (2, "status"), (2, "status"), statuses=[(2, 404, 1), (2, 503, 1)])))
    )
    describe(made, described(2, "status", 5 * MS, code=503), described(2, "status", 9 * MS, code=404))
    rows = made.errors()
    assert [(row.status_code, row.first_s, row.cause, row.example) for row in rows] == [
        (404, 0.009, "the server answered 404 Not Found", "GET http://bank.example/rates → 404"),
        (503, 0.005, "the server answered 503 Service Unavailable", "GET http://bank.example/rates → 503"),
    ]


def test_an_example_is_one_bounded_line_and_none_when_nothing_was_asked() -> None:
    one = described(2, "status", 0, code=404)
    one.document["request"]["url"] = "http://bank.example/" + "x" * 500
    line = example_of(one, "HTTP 404")
    assert line is not None
    assert (len(line), line.endswith("…" + " → 404")) == (MAX_EXAMPLE_CHARS, True)
    one.document["request"] = None
    assert example_of(one, "HTTP 404") is None


def test_of_a_system_that_makes_codes_up_the_most_frequent_are_shown_while_it_runs() -> None:
    codes = [(2, 400 + number, number + 1) for number in range(60)]
    made = aggregate(("a", batch_of(1, 0, failing(0, 0, *[(2, "status")] * (60 * 61 // 2), statuses=codes))))
    everything, live = (made.errors(most) for most in (None, MAX_LIVE_ROWS))
    assert len(everything) == 60
    assert live == everything[:MAX_LIVE_ROWS]
    assert [row.status_code for row in live[:3]] == [459, 458, 457]


def test_a_run_that_goes_on_never_shows_a_share_above_one() -> None:
    """An interval that is still open is in the count already, and in the totals not yet."""
    made = aggregate(("a", batch_of(1, 0, failing(0, 0, (0, "dns")))))
    (row,) = made.errors()
    assert (row.count, row.share) == (1, 1.0)
