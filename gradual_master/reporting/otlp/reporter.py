"""The reporter `otlp`: one export for every closed interval, and the verdict's objectives at the end."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.otlp.encoding import describe_resource
from gradual_master.reporting.otlp.endpoint import OtlpEndpoint, find_endpoint
from gradual_master.reporting.otlp.exporter import ExportThread
from gradual_master.reporting.otlp.pending import PendingMetrics, Temporality
from gradual_master.reporting.otlp.transport import Accepted, Transport, Undelivered, make_transport
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.sections import Summary

FINISH_S = 10.0
"""How long the end of a run waits for a receiver that is away, in addition to a running attempt."""

_PREFERENCE = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
_TEMPORALITIES: dict[str, Temporality] = {
    "": "cumulative",
    "cumulative": "cumulative",
    "delta": "delta",
    "lowmemory": "delta",
}
"""Values of the variable (OTLP metrics exporter specification); "lowmemory" means delta for counters and histograms,
which are the only sums here."""


class OtlpReporter(Reporter):
    """`-o otlp=ENDPOINT`: sends metrics to an OpenTelemetry receiver while the run goes on."""

    def __init__(self, arg: str | None = None, environ: Mapping[str, str] | None = None, finish_s: float = FINISH_S):
        super().__init__(arg)
        self._environ = os.environ if environ is None else environ
        self._finish_s = finish_s
        self._log = structlog.get_logger(__name__)
        self._temporality: Temporality = "cumulative"
        self._endpoint: OtlpEndpoint | None = None
        self._transport: Transport | None = None
        self._exporter: ExportThread | None = None

    def prepare(self) -> None:
        """Find the endpoint and try an empty export. If that fails, only warn: the receiver may come later."""
        self._endpoint = find_endpoint(self.arg, self._environ)
        preferred = self._environ.get(_PREFERENCE, "").strip()
        if preferred.lower() not in _TEMPORALITIES:
            # By the specification, an unknown value is ignored with a warning.
            self._log.warning(f"{_PREFERENCE}={preferred}: must be cumulative, delta or lowmemory; cumulative is used")
        self._temporality = _TEMPORALITIES.get(preferred.lower(), "cumulative")
        self._transport = make_transport(self._endpoint)
        result = self._transport.send(ExportMetricsServiceRequest())
        if isinstance(result, Accepted):
            if result.message:
                self._log.warning(f"otlp: {self._endpoint}: {result.message}")
            return
        later = "it is tried again during the run" if isinstance(result, Undelivered) else "the run goes on without it"
        self._log.warning(f"otlp: {self._endpoint} does not accept metrics: {result.reason}; {later}")

    def on_test_start(self, run: RunFacts) -> None:
        """Start the thread. The schedule starts: sums count from here."""
        assert self._transport is not None
        resource = describe_resource(run, platform.node())
        pending = PendingMetrics(self._temporality, unix_ns(run.begins_at or run.started_at))
        self._exporter = ExportThread(self._transport, pending, resource, str(self._endpoint))

    def on_interval(self, interval: IntervalRecord) -> None:
        """Send the interval; this never waits for the receiver."""
        if self._exporter is not None:
            self._exporter.post(lambda pending: pending.add(interval))

    def on_test_complete(self, summary: Summary) -> None:
        """Send the verdict's objectives, wait for running exports, and log what did not arrive."""
        if self._exporter is None:
            return
        at = unix_ns(summary.run.finished_at)
        self._exporter.post(lambda pending: pending.judge(summary.verdict.objectives, at, summary.analysis.capacity))
        self._finish(self._finish_s)

    def close(self) -> None:
        """End the thread and the connection."""
        self._finish(0.0)
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _finish(self, timeout_s: float) -> None:
        """End the thread, and log what could not be delivered."""
        if self._exporter is None:
            return
        self._exporter.finish(timeout_s)
        counts, self._exporter = self._exporter.counts, None
        if lost := counts.posted - counts.delivered:
            if self._temporality == "delta":
                sums = f"{counts.lost_requests} requests are missing from its sums"
            elif counts.are_sums_stale:
                sums = "its sums end before the run did"
            else:
                sums = "its sums of requests and times are complete"
            missing = f"{lost} of {counts.posted} exports did not arrive: {counts.reason}; {sums}"
            self._log.warning(f"otlp: {self._endpoint}: {missing}")
        if counts.rejected_points:
            self._log.warning(f"otlp: {self._endpoint}: {counts.rejected_points} data points were rejected")


def unix_ns(instant: str) -> int:
    """A time of RFC 3339 as Unix time in ns, exactly: a float of seconds would be wrong by a tenth of a microsecond."""
    return (datetime.fromisoformat(instant) - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1) * 1000
