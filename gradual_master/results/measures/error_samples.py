"""Failed exchanges of the whole fleet: of each step and kind of failure the first ones, and a random choice of all.

Failures by status are of one kind when they have the same status code.

Agents send candidates (`ExemplarPicker`); among them the first are those that ended first, and the random ones those
with the smallest keys, which is a simple random sample of all failures of the fleet.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from gradual_common.errors import WireError
from gradual_common.kinds.failed_exchange import curl_of, trace_of
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.samples import FIRST_SHOWN, RANDOM_SHOWN, Exemplar
from gradual_master.results.measures.distribution import seconds
from gradual_master.results.section import Section

MAX_CANDIDATES = 2 * (FIRST_SHOWN + RANDOM_SHOWN)
"""Candidates of one step and kind that are kept: the first and the smallest of them are never dropped."""


@dataclass(frozen=True, slots=True)
class ErrorSample(Section):
    """One failed exchange, masked and bounded."""

    group: str
    step: str
    action: str
    service: str | None
    kind: str
    picked: Literal["first", "random"]
    at_s: float
    """When it ended, seconds since the schedule's start."""
    agent: str
    slot: int
    detail: str
    request: dict[str, Any] | None
    """{method, url, headers, body, body_bytes}; of other kinds see `kinds.failed_exchange`. None without one."""
    response: dict[str, Any] | None
    """{status_code, headers, body, body_bytes}; `headers` empty and the body's None where they were not kept."""
    curl: str | None
    """The request as a command; None when the action cannot be written as one."""
    trace_id: str | None
    """Of the request's trace context (`traceparent`); None without one."""


class ErrorSamples:
    """The candidates of all agents, by step, kind and, of those that failed by it, status code."""

    def __init__(self, index: SeriesIndex) -> None:
        self._index = index
        self._candidates: dict[tuple[int, int, int], list[tuple[str, Exemplar]]] = {}
        """In the order in which they ended."""

    def add(self, agent: str, exemplar: Exemplar) -> None:
        """An agent (by its name) describes a failure; WireError for a step or a kind that the plan has not."""
        if exemplar.step >= len(self._index.steps):
            raise WireError(f"an exchange names step {exemplar.step}; the plan has {len(self._index.steps)}")
        if exemplar.kind >= len(self._index.failures):
            raise WireError(f"an exchange names failure {exemplar.kind}; the plan has {len(self._index.failures) - 1}")
        key = (exemplar.step, exemplar.kind, self._code(exemplar))
        candidates = self._candidates.setdefault(key, [])
        insort(candidates, (agent, exemplar), key=_by_time)
        if len(candidates) > MAX_CANDIDATES:
            # A candidate that is not among the first never becomes one, since a new candidate can only move it back. So
            # only its key matters, and the smallest keys are kept.
            candidates[FIRST_SHOWN:] = _random(candidates[FIRST_SHOWN:], FIRST_SHOWN + RANDOM_SHOWN)

    def _code(self, exemplar: Exemplar) -> int:
        """The status code by which it failed, or 0."""
        response = exemplar.document.get("response")
        return response["status_code"] if response and exemplar.kind in self._index.failures.by_status else 0

    def rows(self, start: int) -> tuple[ErrorSample, ...]:
        """The samples for the summary, in the order of the plan; `start`: run time of the schedule's start."""
        return tuple(row for key in sorted(self._candidates) for row in self._rows_of(key, start))

    @property
    def known(self) -> set[tuple[int, int]]:
        """The (step, kind) of all failures that an agent has described."""
        return {(step, kind) for step, kind, _ in self._candidates}

    def described(self, step: int, kind: int, code: int) -> list[Exemplar]:
        """What is known of these failures, in the order in which they ended; `code` 0 but for those by their status."""
        return [exemplar for _, exemplar in self._candidates.get((step, kind, code), ())]

    def _rows_of(self, key: tuple[int, int, int], start: int) -> Iterator[ErrorSample]:
        candidates = self._candidates[key]
        for one in candidates[:FIRST_SHOWN]:
            yield self._row(*one, "first", start)
        for one in _random(candidates[FIRST_SHOWN:], RANDOM_SHOWN):
            yield self._row(*one, "random", start)

    def _row(self, agent: str, exemplar: Exemplar, picked: Literal["first", "random"], start: int) -> ErrorSample:
        series = self._index.steps[exemplar.step]
        request = exemplar.document.get("request")
        return ErrorSample(
            group=self._index.groups[series.group],
            step=series.name,
            action=series.action,
            service=series.service,
            kind=self._index.failures.names[exemplar.kind],
            picked=picked,
            at_s=seconds(exemplar.ended - start),
            agent=agent,
            slot=exemplar.slot,
            detail=exemplar.detail,
            request=request,
            response=exemplar.document.get("response"),
            curl=None if request is None else curl_of(request),
            trace_id=None if request is None else trace_of(request),
        )


def _by_time(candidate: tuple[str, Exemplar]) -> tuple[int, float]:
    return candidate[1].ended, candidate[1].key


def _random(candidates: list[tuple[str, Exemplar]], number: int) -> list[tuple[str, Exemplar]]:
    """The samples with the smallest keys, in the order in which they ended."""
    return sorted(sorted(candidates, key=lambda candidate: candidate[1].key)[:number], key=_by_time)
