"""The reporter `otlp`: one export for every closed interval, and the verdict's objectives at the end."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from gradual_master.reporting.interface.base import BaseReporter
from gradual_master.reporting.otlp.carriers import Carrier, Delayed, Delivered, make_carrier
from gradual_master.reporting.otlp.courier import Account, Courier
from gradual_master.reporting.otlp.encoding import describe_resource, encode
from gradual_master.reporting.otlp.endpoint import Endpoint, find_endpoint
from gradual_master.reporting.otlp.ledger import Ledger, Temporality
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.sections import Summary

FINISH_S = 10.0
"""How long a run's end waits for a receiver that is away, beside the attempt that is under way."""

_PREFERENCE = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
_TEMPORALITIES: dict[str, Temporality] = {
    "": "cumulative",
    "cumulative": "cumulative",
    "delta": "delta",
    "lowmemory": "delta",
}
"""For counters and histograms, which are the only sums here (OTLP metrics exporter specification)."""


class OtlpReporter(BaseReporter):
    """`-o otlp=ENDPOINT`: sends metrics to an OpenTelemetry receiver while the run goes on."""

    def __init__(self, arg: str | None = None, environ: Mapping[str, str] | None = None, finish_s: float = FINISH_S):
        super().__init__(arg)
        self._environ = os.environ if environ is None else environ
        self._finish_s = finish_s
        self._log = structlog.get_logger(__name__)
        self._temporality: Temporality = "cumulative"
        self._endpoint: Endpoint | None = None
        self._carrier: Carrier | None = None
        self._ledger: Ledger | None = None
        self._courier: Courier | None = None

    def prepare(self) -> None:
        """Read where metrics go, and try an empty export. A receiver that does not take it may be there later."""
        self._endpoint = find_endpoint(self.arg, self._environ)
        self._temporality = self._preferred()
        self._carrier = make_carrier(self._endpoint)
        outcome = self._carrier.send(ExportMetricsServiceRequest())
        if isinstance(outcome, Delivered):
            if outcome.message:
                self._log.warning(f"otlp: {self._endpoint}: {outcome.message}")
            return
        later = "it is tried again during the run" if isinstance(outcome, Delayed) else "the run goes on without it"
        self._log.warning(f"otlp: {self._endpoint} does not take metrics: {outcome.reason}; {later}")

    def _preferred(self) -> Temporality:
        """An unknown preference is warned of and ignored, as the specification wants it."""
        text = self._environ.get(_PREFERENCE, "").strip()
        if text.lower() not in _TEMPORALITIES:
            self._log.warning(f"{_PREFERENCE}={text}: known are cumulative, delta and lowmemory; cumulative it is")
        return _TEMPORALITIES.get(text.lower(), "cumulative")

    def on_test_start(self, run: RunFacts) -> None:
        """The schedule begins: sums count from here."""
        assert self._carrier is not None
        resource = describe_resource(run, platform.node())
        self._ledger = Ledger(self._temporality, begin_of(run))
        self._courier = Courier(self._carrier, self._ledger, partial(encode, resource=resource), str(self._endpoint))

    def on_interval(self, interval: IntervalRecord) -> None:
        """Send it; this never waits for the receiver."""
        if self._courier is not None:
            self._courier.post(interval)

    def on_test_complete(self, summary: Summary) -> None:
        """Send the verdict's objectives, wait for what is under way, and say what did not arrive."""
        if self._courier is None:
            return
        rows, at = summary.verdict.objectives, unix_ns(datetime.fromisoformat(summary.run.finished_at))
        self._courier.change(lambda ledger: ledger.judge(rows, at))
        self._finish(self._finish_s)

    def close(self) -> None:
        """End the thread and the connection, whatever came before."""
        self._finish(0.0)
        if self._carrier is not None:
            self._carrier.close()
            self._carrier = None

    def _finish(self, timeout_s: float) -> None:
        if self._courier is None:
            return
        self._courier.finish(timeout_s)
        for sentence in describe_losses(self._courier.account, self._temporality):
            self._log.warning(f"otlp: {self._endpoint}: {sentence}")
        self._courier = None


def begin_of(run: RunFacts) -> int:
    """When the schedule begins, Unix time in ns."""
    return unix_ns(datetime.fromisoformat(run.begins_at or run.started_at))


def unix_ns(instant: datetime) -> int:
    """Exactly: a float of seconds would be off by a tenth of a microsecond."""
    return (instant - datetime.fromisoformat("1970-01-01T00:00:00+00:00")) // timedelta(microseconds=1) * 1000


def describe_losses(account: Account, temporality: Temporality) -> list[str]:
    """What could not be delivered, in sentences; none when all was."""
    sentences = []
    lost = account.posted - account.delivered
    if lost:
        sentences.append(
            f"{lost} of {account.posted} exports did not arrive: {account.reason}; {_sums(account, temporality)}"
        )
    if account.rejected_points:
        sentences.append(f"{account.rejected_points} data points were rejected")
    return sentences


def _sums(account: Account, temporality: Temporality) -> str:
    if temporality == "delta":
        return f"{account.lost_requests} requests are missing from its sums"
    return "its sums end before the run did" if account.stale else "its sums of requests and times are complete"
