"""The table of errors: what failed, how often, when, and why, with one example of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gradual_common.kinds.causes import cause_of, label_of
from gradual_common.kinds.failed_exchange import title_of_request, title_of_response
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.samples import Exemplar
from gradual_master.results.measures.distribution import seconds
from gradual_master.results.measures.error_samples import ErrorSamples
from gradual_master.results.measures.totals import Selection, Totals, share
from gradual_master.results.merging.counts import FailedSamples, FailureCounts
from gradual_master.results.section import Section

ARROW = " → "
"""Between the request and the response of an example."""

MAX_EXAMPLE_CHARS = 200

MAX_LIVE_ROWS = 50
"""Rows of a live interval: a system that sends hundreds of status codes must not slow the event loop."""


@dataclass(frozen=True, slots=True)
class ErrorRow(Section):
    """Failures of one step that are of one kind and, where a status was not as it should be, of one code."""

    group: str
    step: str
    action: str
    service: str | None
    kind: str
    status_code: int | None
    label: str
    """Its name for people, from the first described failure; `… and others` where the described failures differ."""
    count: int
    share: float | None
    """Of the step's requests."""
    first_s: float
    last_s: float
    """Seconds since the schedule's start, to the interval; exact where such a failure was described."""
    cause: str | None
    """The sentence of the described failure; None while no agent has described one."""
    example: str | None
    """What was asked and what came, masked; None while no agent has described one."""


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """Joins the counts of failures with their descriptions."""

    plan: Plan
    index: SeriesIndex
    totals: Totals
    failures: FailureCounts
    samples: ErrorSamples
    interval: int

    def rows(self, start: int, most: int | None = None) -> tuple[ErrorRow, ...]:
        """What failed so far outside of warm-up, the most frequent first, `most` rows of it.

        The counts of all rows of a step add up to its failures. `start`: run time of the schedule's start. Measured:
        20 µs a row.
        """
        failed = sorted(self.failures.of(self.totals.measured), key=lambda row: -row.count)
        return tuple(self._row(one, start) for one in failed[:most])

    def _row(self, failed: FailedSamples, start: int) -> ErrorRow:
        series = self.index.steps[failed.step]
        described = self.samples.described(failed.step, failed.kind, failed.code)
        kind, code = self.index.failures.names[failed.kind], failed.code or None
        action = self.plan.actions.get(series.action)
        assertions = action.assertions if action is not None else ()
        details = [one.detail for one in described] or [""]
        labels = [label_of(kind, detail, code, assertions) for detail in details]
        first, last = _instants(failed, described, self.interval)
        # While the run goes on, intervals that are still open are in the count, and not yet in the totals.
        requests = max(failed.count, self.totals.requests(Selection(self.totals.measured, (failed.step,))))
        return ErrorRow(
            group=self.index.groups[series.group],
            step=series.name,
            action=series.action,
            service=series.service,
            kind=kind,
            status_code=code,
            label=labels[0] if _are_alike(labels) else f"{labels[0]} and others",
            count=failed.count,
            share=share(failed.count, requests),
            first_s=seconds(max(0, first - start)),
            last_s=seconds(max(0, last - start)),
            cause=cause_of(kind, details[0], code),
            example=example_of(described[0], labels[0]) if described else None,
        )


def _are_alike(labels: Iterable[str]) -> bool:
    """Whether all are equal but for digits: one time-out may take a moment longer than another."""
    return len({"".join(sign for sign in label if not (sign.isdigit() or sign == ".")) for label in labels}) == 1


def _instants(failed: FailedSamples, described: list[Exemplar], interval: int) -> tuple[int, int]:
    """When the first and the last one ended: the starts of their frames, or later where one in them was described."""
    ends = [one.ended for one in described]
    first = min((end for end in ends if failed.first <= end < failed.first + interval), default=failed.first)
    last = max((end for end in ends if failed.last <= end < failed.last + interval), default=failed.last)
    return first, last


def example_of(exemplar: Exemplar, label: str) -> str | None:
    """`GET http://bank.example/rates → 404`; None when nothing could be asked."""
    request, response = exemplar.document.get("request"), exemplar.document.get("response")
    if request is None:
        return None
    came = title_of_response(response) if response is not None else label
    asked = title_of_request(request)
    room = MAX_EXAMPLE_CHARS - len(came) - len(ARROW)
    return f"{asked if len(asked) <= room else asked[: room - 1] + '…'}{ARROW}{came}"
