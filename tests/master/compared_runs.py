"""Runs for tests of comparisons, with values that are given."""

from collections.abc import Sequence

from gradual_master.analysis.comparison.runs import ComparedLevel, ComparedRun

VALUES: dict[str, float | None] = {
    "throughput": 100.0, "mean": 50.0, "p50": 40.0, "p95": 90.0, "p99": 200.0, "error_rate": 0.0,
}  # fmt: skip


def run(name: str, factor: float = 1.0, targets: Sequence[float] = (10, 20), **changed: float | None) -> ComparedRun:
    """A run whose times are `factor` times as long, with six equal blocks a level; `changed`: values of metrics."""
    values = {**VALUES, "throughput": 100 / factor}
    values.update({name: factor * (VALUES[name] or 0) for name in ("mean", "p50", "p95", "p99")}, **changed)
    blocks = {name: [value] * 6 for name, value in values.items()}
    return ComparedRun(name, tuple(ComparedLevel(target, values, blocks) for target in targets))


def runs(side: str, *factors: float) -> list[ComparedRun]:
    """One run per factor."""
    return [run(f"{side}{number}", factor) for number, factor in enumerate(factors)]
