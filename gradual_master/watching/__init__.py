"""Watches: metrics of the system itself, read while the load runs (docs/watch.md).

`requests` and `answers` know Prometheus' HTTP API, `exposition` an exporter's page; `courses` keep the values; none of
them does I/O. `following` is the shell that asks.
"""
