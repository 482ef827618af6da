"""What is asked of a watch's source: the address, the parameters and the fields of one HTTP request."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gradual_common.clock import NS_PER_S
from gradual_common.plan.model.watches import SECRET, WatchAuth, WatchedMetric

TEXT_FORMAT = "text/plain;version=0.0.4"
"""Prometheus' text format; an exporter that prefers OpenMetrics must not send that."""


@dataclass(frozen=True, slots=True)
class WatchQuery:
    """One GET request."""

    url: str
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Span:
    """Intervals that follow one another, the first and the last included."""

    origin: int
    """The Unix time of the schedule's start, ns."""
    interval: int
    """ns."""
    first: int
    last: int

    def end_of(self, number: int) -> int:
        """The Unix time at which an interval ends, ns: the instant of its value."""
        return self.origin + (number + 1) * self.interval

    def by_interval(self, values: Iterable[tuple[int, float]]) -> dict[int, float]:
        """Values at instants, Unix time in ns, by the interval that ends there; others are left out."""
        found = {round((at - self.origin) / self.interval) - 1: value for at, value in values}
        return {number: value for number, value in found.items() if self.first <= number <= self.last}


def ask(watch: WatchedMetric, span: Span, secrets: Mapping[str, str]) -> WatchQuery:
    """The request for the values of these intervals. An exporter only has the present one."""
    headers = authorization(watch.auth, secrets)
    if watch.exporter is not None:
        return WatchQuery(watch.exporter, headers={"Accept": TEXT_FORMAT, **headers})
    params = (
        ("query", watch.query or ""),
        ("start", _seconds(span.end_of(span.first))),
        ("end", _seconds(span.end_of(span.last))),
        ("step", _seconds(span.interval)),
        # Without it a query repeats the last sample for 5 minutes: an outage would look like a calm.
        ("lookback_delta", _seconds(watch.max_age)),
    )
    return WatchQuery(f"{watch.url.rstrip('/')}/api/v1/query_range", params, headers)


def authorization(auth: WatchAuth | None, secrets: Mapping[str, str]) -> dict[str, str]:
    """The `Authorization` of a watch (RFC 6750, 2.1; RFC 7617, 2); nothing without `auth`."""
    if auth is None:
        return {}
    if auth.bearer is not None:
        return {"Authorization": f"Bearer {_filled(auth.bearer, secrets)}"}
    assert auth.basic is not None, "the plan's model has checked it"
    pair = f"{_filled(auth.basic.username, secrets)}:{_filled(auth.basic.password, secrets)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _filled(text: str, secrets: Mapping[str, str]) -> str:
    return SECRET.sub(lambda match: secrets[match[1]], text)


def _seconds(ns: int) -> str:
    """Prometheus counts in milliseconds."""
    return f"{ns / NS_PER_S:.3f}"
