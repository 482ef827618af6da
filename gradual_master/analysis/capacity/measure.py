"""What an objective measures, as a ratio of two sums over blocks.

| objective | numerator | denominator | limit of the ratio |
|---|---|---|---|
| `p95 < 500ms` | samples above 500 ms | samples | 1 − 0.95 |
| `error_rate < 1%`, `success_rate > 99%` | failures | requests | 0.01 |
| `mean < 100ms` | sum of the times, ns | samples | 10⁸ |
| `throughput > 200/s`, `request_rate` | successes, requests | seconds | 200 |

A quantile lies below a limit exactly if the share above the limit is below one minus the quantile. So a quantile, which
no sums of blocks give, becomes a share, which they do. Of a histogram with buckets that share is as exact as the bucket
in which the limit lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gradual_common.rules.feasibility import why_cannot_steer
from gradual_common.rules.rule import SHARES, Rule
from gradual_common.units import format_duration, percent
from gradual_master.errors import OptionError
from gradual_master.results.judging.objectives.objective import describe

MeasureKind = Literal["share", "mean", "rate"]


@dataclass(frozen=True, slots=True)
class CapacityMeasure:
    """An objective as a ratio and its limit."""

    rule: Rule
    kind: MeasureKind

    limit: float
    """Of the ratio: a share (0 … 1), ns or a plain number, or 1/s."""

    is_upper: bool
    """Whether the ratio has to stay below the limit."""

    needs_data: bool = True
    """Whether a level without a sample cannot be judged. False for what no rule names (`*`, `success_rate`)."""

    @property
    def is_goal(self) -> bool:
        """Whether a rate is to be reached: too few users miss it as an overload does."""
        return self.kind == "rate" and not self.is_upper

    def is_met_by(self, ratio: float) -> bool:
        """Whether the ratio meets the limit; on the limit it does for `<=` and `>=`."""
        if ratio == self.limit:
            return "=" in self.rule.op
        return (ratio < self.limit) == self.is_upper

    def words_of(self, ratio: float) -> str:
        """A ratio in words: `6.2% above 500 ms`, `112 ms`, `1.3% failures`, `180/s`."""
        if self.kind != "share":
            return describe(ratio, self.rule.unit)
        if self.rule.quantile is None:
            return f"{percent(ratio)} failures"
        limit = format_duration(int(self.rule.limit)) if self.rule.unit == "ns" else f"{self.rule.limit:g}"
        return f"{percent(ratio)} above {limit}"


def measure_of(rule: Rule, *, needs_data: bool = True) -> CapacityMeasure:
    """The measure of a rule; OptionError if no trial can decide by it."""
    if (reason := why_cannot_steer(rule)) is not None:
        raise OptionError(f"`{rule.text}` cannot decide a search for capacity: {reason}")
    is_upper = rule.op.startswith("<")
    if rule.quantile is not None:
        return CapacityMeasure(rule, "share", 1 - rule.quantile, is_upper, needs_data)
    if rule.statistic == "mean":
        return CapacityMeasure(rule, "mean", rule.limit, is_upper, needs_data)
    if rule.statistic in SHARES:
        # Both are about the failures, whose share is small: it is there that bounds are asymmetric.
        is_of_failures = rule.statistic == "error_rate"
        limit = rule.limit / 100 if is_of_failures else 1 - rule.limit / 100
        return CapacityMeasure(rule, "share", limit, is_upper == is_of_failures, needs_data)
    return CapacityMeasure(rule, "rate", rule.limit, is_upper, needs_data)
