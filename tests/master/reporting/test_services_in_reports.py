"""The service of an action is wherever reporters name the action, and nowhere for an action that names none."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_run import metrics_of, reported_run, samples_of
from raw_run import plan_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.samples import SampleColumns
from gradual_master.reporting.csvfiles import CsvReporter
from gradual_master.reporting.interface.samples import SampleReceiver
from gradual_master.reporting.openmetrics import render_openmetrics
from gradual_master.reporting.otlp.encoding import encode
from gradual_master.reporting.otlp.pending import Export
from gradual_master.reporting.step_sums import StepKey, StepSums, add_rows
from gradual_master.results.section import flat_row

PLAN = plan_of(
    services={"auth": {"base_url": "http://auth.example"}},
    actions={
        "login": {"url": "/login", "method": "POST", "service": "auth", "tags": {"team": "id", "tier": "1"}},
        "browse": {"url": "/browse"},
        "rates": {"url": "/rates"},
    },
)
RUN = reported_run(plan=PLAN)
SERVICES = {"login": "auth", "browse": None, "rates": None}


def test_the_summary_names_service_and_tags() -> None:
    assert {row.step: row.service for row in RUN.summary.actions} == SERVICES
    assert RUN.summary.actions[0].tags == {"team": "id", "tier": "1"}
    assert {row.service for row in RUN.summary.errors if row.step == "login"} <= {"auth"}
    assert [flat_row(row)["tags"] for row in RUN.summary.actions] == ["team=id;tier=1", "", ""]


def test_prometheus_has_a_label() -> None:
    requests = {key[3:5] for key in samples_of(metrics_of(RUN)) if key[0] == "gradual_requests_total"}
    assert requests == {("auth", "login"), ("", "browse"), ("", "rates")}


def test_openmetrics_has_a_label() -> None:
    (family,) = [
        f for f in text_string_to_metric_families(render_openmetrics(RUN.summary)) if f.name == "gradual_requests"
    ]
    assert {sample.labels["step"]: sample.labels["service"] or None for sample in family.samples} == SERVICES


def test_otlp_has_an_attribute_where_there_is_a_service() -> None:
    sums: dict[StepKey, StepSums] = {}
    for interval in RUN.intervals:
        add_rows(sums, interval.actions(), warm_up=False)
    message = encode(Export("cumulative", 1, 2, tuple(sums.items()), (), ()), Resource())
    (requests,) = [m for m in message.resource_metrics[0].scope_metrics[0].metrics if m.name == "gradual.requests"]
    points = [{a.key: a.value.string_value for a in point.attributes} for point in requests.sum.data_points]
    assert {point["gradual.step"]: point.get("gradual.service") for point in points} == SERVICES


def test_csv_files_have_a_column(tmp_path: Path) -> None:
    reporter = CsvReporter(str(tmp_path))
    reporter.prepare()
    reporter.on_test_start(RUN.run)
    for interval in RUN.intervals:
        reporter.on_interval(interval)
    reporter.on_test_complete(RUN.summary)
    reporter.close()
    for name in ("actions.csv", "interval_actions.csv"):
        with (tmp_path / name).open() as file:
            assert {row["step"]: row["service"] or None for row in csv.DictReader(file)} == SERVICES


def test_single_samples_name_it() -> None:
    types = ("i8", "i8", "i4", "u2", "u1", "u2")
    columns = SampleColumns(0, *(np.zeros(2, dtype=dtype) for dtype in types))
    columns.step[1] = 1
    block = SampleReceiver(SeriesIndex.of(PLAN), 0, lambda _: False).receive("a", columns)
    assert block is not None
    assert [request.service for request in block.requests()] == ["auth", ""]
