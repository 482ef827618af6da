"""What a rule measures: a statistic of a series, or the health of the agents."""

from __future__ import annotations

from typing import NamedTuple

from gradual_common.rules.rule import (
    CAPACITY,
    METRIC_SERIES,
    OF_METRICS,
    STATISTICS,
    TIMES,
    WATCH,
    Unit,
    percentile_name,
    quote_name,
)

SERIES_STATISTICS = {
    "ttfb": (*TIMES, "count"),
    "exchange": (*TIMES, "count"),
    "connect": (*TIMES, "count"),
    "iteration": (*TIMES, "count", "throughput"),
    "transaction": tuple(name for name in STATISTICS if name != "interrupted"),
    METRIC_SERIES: (*TIMES, "count", *OF_METRICS),
    "": STATISTICS,
}
"""The statistics of each series besides percentiles. Only a whole action succeeds or fails."""

NAMED_SERIES = tuple(series for series in SERIES_STATISTICS if series)
HEALTH = ("cpu", "loop_lag", "start_lag")


class RuleValue(NamedTuple):
    """The left side of a rule without its scope: fields of `Rule`."""

    series: str
    statistic: str
    unit: Unit
    quantile: float | None = None
    of: str = ""

    @property
    def name(self) -> str:
        """The statistic as a rule writes it."""
        if self.series == CAPACITY:
            return CAPACITY
        if self.series == WATCH:
            return f"{WATCH}.{quote_name(self.statistic)}"
        return percentile_name(self.quantile) if self.statistic == "quantile" else self.statistic
