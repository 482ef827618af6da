"""The result of a search as metrics."""

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.reporting.capacity_metrics import capacity_families

FOUND = CapacityResult(47, 45, 50, True, False, "found", 10, 200, ("mean < 100ms", "error_rate < 5%"), ())
OF = "gradual_capacity_users"


class Families(Collector):
    def __init__(self, found: CapacityResult | None) -> None:
        self._found = found

    def collect(self) -> list[Metric]:
        return list(capacity_families(self._found))


def read(found: CapacityResult | None) -> dict[tuple[str, str], float]:
    """By name and label; the parser refuses what is not valid."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Families(found))
    text = generate_latest(registry).decode()  # type: ignore[no-untyped-call]
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_result_its_interval_and_what_decided_are_there() -> None:
    assert read(FOUND) == {
        (OF, "found"): 47,
        (OF, "low"): 45,
        (OF, "high"): 50,
        ("gradual_capacity_confirmed", ""): 1,
        ("gradual_capacity_recovered", ""): 0,
        ("gradual_capacity_objective_info", "mean < 100ms"): 1,
        ("gradual_capacity_objective_info", "error_rate < 5%"): 1,
    }


def test_what_is_not_known_is_absent() -> None:
    nothing = replace(FOUND, users=None, low=None, high=None, confirmed=False, recovered=None, objectives=())
    assert read(nothing) == {("gradual_capacity_confirmed", ""): 0}
    assert read(None) == {}


@pytest.mark.parametrize("section", ["openmetrics", "prometheus"])
def test_the_documentation_names_each_of_them(section: str) -> None:
    page = (Path(__file__).parents[3] / "docs/reporters.md").read_text(encoding="utf-8")
    text = page.split(f"\n## {section}\n")[1].split("\n## ")[0]
    assert [name for name, _ in read(FOUND) if f"`{name}`" not in text] == []
