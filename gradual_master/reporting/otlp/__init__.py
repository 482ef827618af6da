"""`-o otlp=ENDPOINT`: the run's metrics by the OpenTelemetry protocol, over gRPC or HTTP.

`endpoint`: the address of the receiver; `pending`: metrics that are not exported yet; `encoding`: the messages;
`transport`: one attempt to send one; `exporter`: the thread that sends them and retries.

Sources: OTLP specification 1.x (transport, retries, partial success); OpenTelemetry metrics data model
(ExponentialHistogram, temporality); OTLP exporter specification (environment variables).
"""
