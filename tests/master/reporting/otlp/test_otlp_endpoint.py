"""Where metrics go is read from the argument and the environment, or refused in plain words."""

from __future__ import annotations

import pytest
from otlp_run import reporter_to

from gradual_master.errors import ReporterError
from gradual_master.reporting.otlp.endpoint import OtlpEndpoint, find_endpoint


@pytest.mark.parametrize(
    ("arg", "environ", "protocol", "url", "secure"),
    [
        (None, {}, "http", "http://127.0.0.1:4318/v1/metrics", False),
        (None, {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "grpc", "127.0.0.1:4317", False),
        ("http://c:4318", {}, "http", "http://c:4318/v1/metrics", False),
        ("http://c:4318/", {}, "http", "http://c:4318/v1/metrics", False),
        ("https://c/otlp/v1/m?x=1", {}, "http", "https://c/otlp/v1/m?x=1", True),
        ("grpc://c:4317", {}, "grpc", "c:4317", False),
        ("grpc://[::1]", {}, "grpc", "[::1]:4317", False),
        ("grpcs://c:443/", {}, "grpc", "c:443", True),
        ("http://c:4318", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http", "http://c:4318/v1/metrics", False),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://e:4318/base/"}, "http", "http://e:4318/base/v1/metrics", False),
        (None, {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://e:4318"}, "http", "http://e:4318/", False),
        (
            None,
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://e", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "https://m/v1/x"},
            "http",
            "https://m/v1/x",
            True,
        ),
        (
            None,
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://e:4317", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "grpc"},
            "grpc",
            "e:4317",
            True,
        ),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, "http", "http://127.0.0.1:4318/v1/metrics", False),
    ],
)
def test_an_endpoint_is_found_as_the_specification_has_it(
    arg: str | None, environ: dict[str, str], protocol: str, url: str, secure: bool
) -> None:
    found = find_endpoint(arg, environ)
    assert (found.protocol, found.url, found.secure) == (protocol, url, secure)


@pytest.mark.parametrize(
    ("arg", "environ", "message"),
    [
        ("c:4318", {}, r"^-o otlp=c:4318: an endpoint starts with http://, https://, grpc://, grpcs://"),
        ("http://:4318", {}, "names a host and a port"),
        ("http://c:99999", {}, "this is not a URL: Port out of range"),
        ("http://c:0", {}, "names a host and a port"),
        ("http://[::1", {}, "this is not a URL"),
        (
            "http://u:secret@c:1",
            {},
            r"^-o otlp=http://c:1: an endpoint has no user or password: .* OTEL_\w+_HEADERS instead$",
        ),
        ("u:secret@c:1", {}, r"^-o otlp=c:1: an endpoint starts with"),
        ("http://c:1/a b", {}, "only ASCII characters and no spaces"),
        ("grpc://c:1/v1/metrics", {}, "over gRPC an endpoint has no path"),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "grpc://c:1"}, "OTEL_EXPORTER_OTLP_ENDPOINT: an endpoint starts"),
        (None, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "must be grpc or http/protobuf"),
        (None, {"OTEL_EXPORTER_OTLP_HEADERS": "a"}, "the form is name=value"),
        (None, {"OTEL_EXPORTER_OTLP_HEADERS": "a b=c"}, "the form is name=value"),
        (None, {"OTEL_EXPORTER_OTLP_HEADERS": "a=%0d%0ab"}, "the form is name=value"),
        ("grpc://c:1", {"OTEL_EXPORTER_OTLP_HEADERS": "a-bin=b"}, "the form is name=value"),
        (None, {"OTEL_EXPORTER_OTLP_TIMEOUT": "5s"}, "a positive number of milliseconds"),
        (None, {"OTEL_EXPORTER_OTLP_COMPRESSION": "zip"}, "must be gzip or none"),
        (None, {"OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere.pem"}, "this file does not exist"),
    ],
)
def test_a_malformed_endpoint_is_an_error_that_says_what_is_wrong(
    arg: str | None, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(ReporterError, match=message) as caught:
        reporter_to(arg, environ).prepare()  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_messages_show_neither_headers_nor_queries() -> None:
    endpoint = find_endpoint("https://c/v1/metrics?key=s3cret", {"OTEL_EXPORTER_OTLP_HEADERS": "a=s3cret"})
    assert str(endpoint) == "https://c/v1/metrics"
    assert str(OtlpEndpoint("grpc", "c:1", True)) == "grpcs://c:1"


def test_variables_for_metrics_go_before_those_for_all_signals() -> None:
    endpoint = find_endpoint(
        None,
        {
            "OTEL_EXPORTER_OTLP_TIMEOUT": "9000",
            "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "1500",
            "OTEL_EXPORTER_OTLP_HEADERS": "a=1",
            "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "b=2%2C3",
        },
    )
    assert endpoint.timeout_s == 1.5
    assert endpoint.headers == (("b", "2,3"),)
