"""A run that is fed to a reporter `otlp`, and what its receiver then has."""

from __future__ import annotations

from typing import Any

import numpy as np
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from otlp_receiver import Receiver
from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of
from structlog.testing import capture_logs

from gradual_common.histogram.buckets import EDGES
from gradual_master.reporting.otlp.reporter import OtlpReporter
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

SECONDS = 4
BEGIN = 1_767_323_045_250_000_000
"""The start of the schedule: `run_of` starts at 2026-01-02T03:04:05Z, and the schedule 0.25 s later."""

FULL = [(2, 1, 1, 0.25), (1, 0.5, 0.5, 0)]
DELTA = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"}

CUMULATIVE_TEMPORALITY = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
DELTA_TEMPORALITY = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA


def samples_of(second: int) -> list[tuple[int, str, int]]:
    """Times from below the first bucket to above the last, successes and failures."""
    rng = np.random.default_rng(second)
    times = (np.exp(rng.normal(17, 1.5, 400))).astype(np.int64).tolist()
    kinds = ["" if number % 7 else "status" for number in range(400)]
    extremes = [(0, "", 500), (0, "", EDGES[0]), (0, "timeout", 3600 * S + 10**12), (2, "connect", 5 * MS)]
    return [(number % 3, kind, ns) for number, (kind, ns) in enumerate(zip(kinds, times, strict=True))] + extremes


class FedRun:
    """A run of four seconds, the first of them warm-up: its intervals, its summary, and the raw samples."""

    def __init__(self) -> None:
        plan = plan_of(thresholds=["p95 < 1s", "p99(ok, phase=main) < 1ms", "count(kind=dns) > 1"])
        schedule = schedule_of(*[(2, 1)] * SECONDS, seconds=1, warm_up=1)
        aggregate = aggregate_of(plan, schedule)
        self.samples = [samples_of(second) for second in range(SECONDS)]
        self.records: list[IntervalRecord] = []
        for second, samples in enumerate(self.samples):
            stretch = Stretch(second, second * S, (second + 1) * S, samples, users=FULL)
            lags = {"loop_lags": [3 * MS]} if second != 2 else {}
            aggregate.merge("a", batch_of(second + 1, second, stretch, last=second == SECONDS - 1, **lags))
            self.records.append(aggregate.close(second))
        self.facts = run_of(
            begins_at="2026-01-02T03:04:05.250000+00:00",
            tags={"team": "payments"},
            finished_at="2026-01-02T03:04:12+00:00",
        )
        self.summary: Summary = build_summary(aggregate, fleet_of(agent("a")), self.facts)

    def through(self, reporter: OtlpReporter, paced_by: Receiver | None = None) -> list[Any]:
        """The whole run, as the host drives a reporter; what was logged. `paced_by` has every interval by itself."""
        with capture_logs() as logs:
            reporter.prepare()
            reporter.on_test_start(self.facts)
            for count, record in enumerate(self.records, 1):
                reporter.on_interval(record)
                if paced_by is not None:
                    paced_by.wait_for(lambda arrivals, count=count: len(arrivals) == count)
            reporter.on_test_complete(self.summary)
            reporter.close()
        return logs


def reporter_to(url: str, environ: dict[str, str] | None = None, **options: Any) -> OtlpReporter:
    return OtlpReporter(url, environ=environ or {}, **options)
