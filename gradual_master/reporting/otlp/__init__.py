"""`-o otlp=ENDPOINT`: the run's metrics by the OpenTelemetry protocol, over gRPC or HTTP.

`endpoint`: where they go; `pending`: what is still to go; `encoding`: what it looks like; `transport`: how it travels;
`exporter`: when, and again when it did not arrive.

Sources: OTLP specification 1.x (transport, retries, partial success); OpenTelemetry metrics data model
(ExponentialHistogram, temporality); OTLP exporter specification (environment variables).
"""

from gradual_master.reporting.otlp.reporter import OtlpReporter

__all__ = ["OtlpReporter"]
