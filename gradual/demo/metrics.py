"""The bank's metrics as a page in Prometheus' text format (version 0.0.4), as an exporter would show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gradual.demo.ledger import LedgerUsage
from gradual.demo.service import Usage

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_page(counts: Mapping[str, Any], usage: Usage, ledger: LedgerUsage) -> str:
    """The page; `counts` are those of `/stats`."""
    return "".join(f"{line}\n" for line in _lines(counts, usage, ledger))


def _lines(counts: Mapping[str, Any], usage: Usage, ledger: LedgerUsage) -> Iterator[str]:
    yield from _metric("bank_workers", "gauge", "Workers of the bank", usage.workers)
    yield from _metric("bank_busy_workers", "gauge", "Workers that have a request", usage.busy_workers)
    yield from _metric("bank_waiting_requests", "gauge", "Requests that wait for a worker", usage.waiting)
    yield from _metric("bank_busy_seconds_total", "counter", "Time of all workers with a request", usage.busy_s)
    yield from _metric(
        "bank_lock_seconds_total", "counter", "Time in which the lock of the reports was held", usage.locked_s
    )
    yield from _metric("bank_ledger_waiting", "gauge", "Bookings that wait for their batch", ledger.waiting)
    yield from _metric("bank_ledger_batches_total", "counter", "Batches of bookings that were begun", ledger.batches)
    yield from _metric(
        "bank_ledger_seconds_total", "counter", "Time in which one of them was being written", ledger.locked_s
    )
    yield from _head("bank_requests_total", "counter", "Requests received, by route")
    for route, count in sorted(counts["routes"].items()):
        yield f'bank_requests_total{{route="{route}"}} {count}'


def _metric(name: str, kind: str, text: str, value: float) -> Iterator[str]:
    yield from _head(name, kind, text)
    yield f"{name} {value!r}"


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}."
    yield f"# TYPE {name} {kind}"
