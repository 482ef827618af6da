"""The run as a target that Prometheus scrapes (`-o prometheus=[HOST:]PORT`), from its begin to the end of the command.

Counters hold what closed intervals measured, warm-up apart by a label; when the run is judged they take over the
summary's final counts. Which metrics there are says `metrics`; port and forms are those of `server` and `protobuf`.
"""

from __future__ import annotations

import structlog

from gradual_master.errors import ListenError, ReporterError
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.prometheus.metrics import RunMetrics
from gradual_master.reporting.prometheus.server import PATH, ScrapeServer
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.sections import Summary
from gradual_master.serving.listening import ListenAddress

LOOPBACK = "127.0.0.1"
DEFAULT = f"{LOOPBACK}:9464"
"""9464 is the port that OpenTelemetry's Prometheus exporters listen on."""

WANTED = "write prometheus=PORT, prometheus=HOST:PORT or prometheus=[IPV6]:PORT"


class PrometheusReporter(Reporter):
    """Serves the metrics of the run until it is closed."""

    def __init__(self, arg: str | None = None) -> None:
        super().__init__(arg)
        self._metrics = RunMetrics()
        self._server: ScrapeServer | None = None

    @property
    def url(self) -> str | None:
        """Where the metrics are; None while nothing is listened on."""
        if self._server is None:
            return None
        return f"http://{read_address(self.arg).at_port(self._server.port)}{PATH}"

    def prepare(self) -> None:
        """Take the port, before an hour of load goes unseen."""
        address = read_address(self.arg)
        try:
            self._server = ScrapeServer(address.host, address.port, self._metrics)
        except OSError as error:
            raise ReporterError(
                f"-o prometheus={self.arg or DEFAULT}: {address.target} cannot be listened on: {error.strerror}; "
                "end what listens there, or name another address: prometheus=HOST:PORT (port 0: any free one)"
            ) from error
        self._server.start()
        if not address.is_local:
            structlog.get_logger(__name__).warning(
                "the metrics of this run can be read by everyone who reaches the port", url=self.url
            )

    def on_test_start(self, run: RunFacts) -> None:
        """There is something to scrape from now on."""
        self._metrics.begin(run)
        structlog.get_logger(__name__).info("metrics for Prometheus", url=self.url)

    def on_interval(self, interval: IntervalRecord) -> None:
        """Count it."""
        self._metrics.add(interval)

    def on_test_complete(self, summary: Summary) -> None:
        """The last values: they stay until the endpoint closes."""
        self._metrics.settle(summary.actions, summary.verdict.objectives)

    def close(self) -> None:
        """Release the port."""
        if self._server is not None:
            self._server.close()
            self._server = None


def read_address(arg: str | None) -> ListenAddress:
    """`[HOST:]PORT`, on loopback without a host; ReporterError says what is wrong with anything else."""
    text = arg or DEFAULT
    try:
        address = ListenAddress.read(text if ":" in text else f"{LOOPBACK}:{text}")
    except ListenError as error:
        raise ReporterError(f"-o prometheus={text}: this is no [HOST:]PORT; {WANTED}") from error
    if not address.host:
        raise ReporterError(f"-o prometheus={text}: Prometheus scrapes no Unix sockets; {WANTED}")
    return address
