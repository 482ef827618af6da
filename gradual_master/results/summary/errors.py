"""The table of errors: what failed, how often, when, and why, with one example of each."""

from __future__ import annotations

from collections.abc import Iterable

from gradual_common.clock import NS_PER_S
from gradual_common.kinds.causes import cause_of, label_of
from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.batch import KINDS
from gradual_common.protocol.samples import Exemplar
from gradual_master.results.measures.totals import Selection
from gradual_master.results.merging.aggregate import Aggregate
from gradual_master.results.merging.failure_tally import Failed
from gradual_master.results.summary.action_rows import share
from gradual_master.results.summary.error_rows import ARROW, ErrorRow
from gradual_master.results.summary.error_samples import ErrorSamples

LONGEST_EXAMPLE = 200

MOST_LIVE = 50
"""Rows of an interval: a system that makes status codes up must not hold up the loop that closes them."""


def error_rows(
    plan: Plan, aggregate: Aggregate, samples: ErrorSamples, most: int | None = None
) -> tuple[ErrorRow, ...]:
    """What failed so far outside of warm-up, the most frequent first, `most` rows of it.

    The counts of all rows of a step add up to its failures. Measured: 20 µs a row.
    """
    failed = sorted(aggregate.failures.of(aggregate.totals.measured), key=lambda one: -one.count)
    return tuple(_row(plan, aggregate, samples, one) for one in failed[:most])


def _row(plan: Plan, aggregate: Aggregate, samples: ErrorSamples, failed: Failed) -> ErrorRow:
    series = aggregate.index.steps[failed.step]
    described = samples.described(failed.step, failed.kind, failed.code)
    kind, code = KINDS[failed.kind], failed.code or None
    action = plan.actions.get(series.action)
    assertions = action.assertions if action is not None else ()
    labels = [label_of(kind, one.detail, code, assertions) for one in described] or [
        label_of(kind, "", code, assertions)
    ]
    first, last = _instants(failed, described, aggregate.interval)
    # While the run goes on, intervals that are still open are in the count, and not yet in the totals.
    requests = max(failed.count, aggregate.totals.requests(Selection(aggregate.totals.measured, (failed.step,))))
    return ErrorRow(
        group=aggregate.index.groups[series.group],
        step=series.name,
        action=series.action,
        kind=kind,
        status_code=code,
        label=labels[0] if _are_alike(labels) else f"{labels[0]} and others",
        count=failed.count,
        share=share(failed.count, requests),
        first_s=_seconds(first, aggregate.start),
        last_s=_seconds(last, aggregate.start),
        cause=cause_of(kind, described[0].detail if described else "", code),
        example=example_of(described[0], labels[0]) if described else None,
    )


def _are_alike(labels: Iterable[str]) -> bool:
    """Whether all say the same, but for the figures in them: a time-out may take a moment longer than another."""
    return len({"".join(sign for sign in label if not (sign.isdigit() or sign == ".")) for label in labels}) == 1


def _instants(failed: Failed, described: list[Exemplar], interval: int) -> tuple[int, int]:
    """When the first and the last one ended: the begins of their frames, or later where one in them was described."""
    ends = [one.ended for one in described]
    first = min((end for end in ends if failed.first <= end < failed.first + interval), default=failed.first)
    last = max((end for end in ends if failed.last <= end < failed.last + interval), default=failed.last)
    return first, last


def _seconds(at: int, start: int) -> float:
    return round(max(0, at - start) / NS_PER_S, 3)


def example_of(exemplar: Exemplar, label: str) -> str | None:
    """`GET http://bank.example/rates → 404`; None when nothing could be asked."""
    request, response = exemplar.document.get("request"), exemplar.document.get("response")
    if request is None:
        return None
    came = str(response["status_code"]) if response is not None else label
    asked = f"{request['method']} {request['url']}"
    room = LONGEST_EXAMPLE - len(came) - len(ARROW)
    return f"{asked if len(asked) <= room else asked[: room - 1] + '…'}{ARROW}{came}"
