"""The summary's table of actions: one row per step of a group, whether it was performed or not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from gradual_common.kinds.failures import OK
from gradual_common.plan.model.series import StepSeries
from gradual_common.protocol.batch import EXCHANGE, RESPONSE_TIME, TTFB
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.totals import Selection, share
from gradual_master.results.summary.sections import ActionRow, AssertionRow


def action_rows(aggregate: Aggregate) -> tuple[ActionRow, ...]:
    """The rows in the order of the plan; warm-up is in `sent` alone."""
    return tuple(_action_row(aggregate, series) for series in aggregate.index.steps)


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
    return tuple(AssertionRow(text, *_outcomes(aggregate, series, number)) for number, text in enumerate(texts))


def _outcomes(aggregate: Aggregate, series: StepSeries, number: int) -> tuple[int, int]:
    """How often an assertion passed and failed."""
    phases, counts = aggregate.totals.measured, aggregate.assertions
    passed, failed = (sum(counts[phase, series.number, number, outcome] for phase in phases) for outcome in (0, 1))
    return passed, failed
