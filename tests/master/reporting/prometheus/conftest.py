"""A reporter that serves metrics at a free port."""

from collections.abc import Iterator

import pytest

from gradual_master.reporting.prometheus.reporter import PrometheusReporter


@pytest.fixture
def reporter() -> Iterator[PrometheusReporter]:
    made = PrometheusReporter("127.0.0.1:0")
    made.prepare()
    yield made
    made.close()
