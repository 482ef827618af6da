"""What waits for a receiver is bounded; sums are never given up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from otlp_run import BEGIN, FedRun
from raw_run import S

from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.reporting.otlp import pending as pending_metrics
from gradual_master.reporting.otlp.encoding import encode
from gradual_master.reporting.otlp.pending import Export, PendingMetrics


@pytest.fixture(scope="module")
def run() -> FedRun:
    return FedRun()


def requests_of(export: Export) -> int:
    return sum(sums.requests for _, sums in export.sums)


def test_values_that_wait_are_bounded_and_the_oldest_go_first(run: FedRun) -> None:
    pending = PendingMetrics("cumulative", BEGIN, max_waiting_values=30)
    for number in range(100):
        pending.add(replace(run.records[1], end_s=number + 1))
    export = pending.take()
    assert pending.is_empty
    assert sum(len(interval.values) for interval in export.intervals) <= 30
    assert export.intervals[-1].at == BEGIN + 100 * S
    assert requests_of(export) == 100 * len(run.samples[1]), "sums are never given up"


def test_an_export_stays_as_it_is_while_the_run_goes_on(run: FedRun) -> None:
    pending = PendingMetrics("cumulative", BEGIN)
    pending.add(run.records[1])
    export = pending.take()
    before = encode(export, Resource())
    pending.add(run.records[2])
    assert encode(export, Resource()) == before
    assert requests_of(pending.take()) == len(run.samples[1]) + len(run.samples[2])


def test_what_waits_goes_in_exports_that_a_receiver_takes(run: FedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending_metrics, "MAX_VALUES_PER_EXPORT", 25)
    pending = PendingMetrics("delta", BEGIN)
    for number in range(10):
        pending.add(replace(run.records[1], end_s=number + 1))
    exports = []
    while not pending.is_empty:
        exports.append(pending.take())
    assert all(sum(len(interval.values) for interval in export.intervals) <= 25 for export in exports)
    assert [interval.at for export in exports for interval in export.intervals] == [BEGIN + n * S for n in range(1, 11)]
    assert [requests_of(export) for export in exports] == [10 * len(run.samples[1]), *[0] * (len(exports) - 1)]
    assert len(exports) > 2


def test_the_result_of_a_search_is_exported_with_the_verdict() -> None:
    pending = PendingMetrics("cumulative", 0)
    found = CapacityResult(47, 45, None, True, None, "found", 10, 200, ("mean < 100ms",), ())
    pending.judge((), 5, found)
    (gauges,) = pending.take().intervals
    assert [tuple(value) for value in gauges.values] == [
        ("gradual.capacity.users", (("gradual.capacity.of", "found"),), 47.0),
        ("gradual.capacity.users", (("gradual.capacity.of", "low"),), 45.0),
        ("gradual.capacity.confirmed", (), 1.0),
    ]
