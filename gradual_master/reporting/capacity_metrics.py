"""What a search for capacity has found, as families of Prometheus and OpenMetrics; none for a plan without one."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

from gradual_master.analysis.capacity.result import CapacityResult


def capacity_families(found: CapacityResult | None) -> Iterator[Metric]:
    """What is not known is absent: users if no level held, an end of the interval that is not certain."""
    if found is None:
        return
    users = GaugeMetricFamily(
        "gradual_capacity_users", "The most users with whom all objectives were met, and its interval.", labels=("of",)
    )
    for of, number in (("found", found.users), ("low", found.low), ("high", found.high)):
        if number is not None:
            users.add_metric((of,), number)
    if users.samples:
        yield users
    yield GaugeMetricFamily("gradual_capacity_confirmed", "1: a second trial held, 0: none did.", int(found.confirmed))
    if found.recovered is not None:
        help_text = "1: the objectives were met again after an overload, 0: they were not."
        yield GaugeMetricFamily("gradual_capacity_recovered", help_text, int(found.recovered))
    objectives = InfoMetricFamily("gradual_capacity_objective", "What decides whether a level holds.")
    for rule in found.objectives:
        objectives.add_metric((), {"objective": rule})
    yield objectives
