"""The rows of steps and transactions, as the summary has them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from gradual_common.kinds.failures import OK
from gradual_common.plan.model.series import StepSeries, TransactionSeries
from gradual_common.protocol.batch import EXCHANGE, RESPONSE_TIME, TRANSACTION, TTFB
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.totals import Selection, share
from gradual_master.results.summary.sections import ActionRow, AssertionRow, TransactionRow


def transaction_rows(aggregate: Aggregate) -> tuple[TransactionRow, ...]:
    """One row per transaction of a group."""
    return tuple(_transaction_row(aggregate, series) for series in aggregate.index.transactions)


def action_rows(aggregate: Aggregate) -> tuple[ActionRow, ...]:
    """One row per step of a group in the order of the plan, performed or not; warm-up is in `sent` alone.

    A flow step has a row only if its expression failed.
    """
    rows = (_action_row(aggregate, series) for series in aggregate.index.steps)
    return tuple(row for row in rows if row.action or row.requests)


def _transaction_row(aggregate: Aggregate, series: TransactionSeries) -> TransactionRow:
    totals, names = aggregate.totals, aggregate.index.failures.names
    mine = Selection(totals.measured, (series.number,))
    count, failures = totals.requests_and_failures(mine)
    histogram = totals.histogram(TRANSACTION, mine)
    return TransactionRow(
        group=aggregate.index.groups[series.group],
        transaction=series.name,
        count=count,
        failures=failures,
        success_rate=share(count - failures, count),
        errors={names[kind]: number for kind, number in sorted(totals.by_kind(mine).items()) if kind != OK},
        duration_ms=Distribution.of(histogram),
        ok_duration_ms=Distribution.of(totals.histogram(TRANSACTION, replace(mine, kinds=(OK,)))),
        histogram=histogram.to_json(),
    )


def _action_row(aggregate: Aggregate, series: StepSeries) -> ActionRow:
    totals, names = aggregate.totals, aggregate.index.failures.names
    mine = Selection(totals.measured, (series.number,))
    everywhere = replace(mine, phases=totals.everywhere)
    by_kind = totals.by_kind(mine)
    requests, failures = totals.requests_and_failures(mine)
    histogram = totals.histogram(RESPONSE_TIME, mine)
    return ActionRow(
        group=aggregate.index.groups[series.group],
        step=series.name,
        action=series.action,
        service=series.service,
        tags=dict(series.tags),
        requests=requests,
        failures=failures,
        success_rate=share(requests - failures, requests),
        sent=totals.counter("sent", everywhere),
        unsent=totals.counter("unsent", mine),
        interrupted=totals.counter("interrupted", mine),
        skipped=totals.counter("skipped", mine),
        errors={names[kind]: count for kind, count in sorted(by_kind.items()) if kind != OK},
        status_codes=_status_codes(aggregate, series),
        assertions=_assertions(aggregate, series),
        response_time_ms=Distribution.of(histogram),
        ok_response_time_ms=Distribution.of(totals.histogram(RESPONSE_TIME, replace(mine, kinds=(OK,)))),
        exchange_ms=Distribution.of(totals.histogram(EXCHANGE, mine)),
        ttfb_ms=Distribution.of(totals.histogram(TTFB, mine)),
        histogram=histogram.to_json(),
    )


def _status_codes(aggregate: Aggregate, series: StepSeries) -> dict[str, int]:
    counts = Counter[int]()
    for (phase, step, code), _, count in aggregate.statuses.entries():
        if step == series.number and phase in aggregate.totals.measured:
            counts[code] += count
    return {str(code): count for code, count in sorted(counts.items())}


def _assertions(aggregate: Aggregate, series: StepSeries) -> tuple[AssertionRow, ...]:
    action = aggregate.plan.actions.get(series.action)
    texts = [assertion.text or assertion.check for assertion in action.assertions] if action is not None else []
    phases, counts = aggregate.totals.measured, aggregate.assertions
    rows = []
    for number, text in enumerate(texts):
        outcomes = (sum(counts[phase, series.number, number, outcome] for phase in phases) for outcome in (0, 1))
        rows.append(AssertionRow(text, *outcomes))
    return tuple(rows)
