"""Summaries for tests of comparisons: the keys of `gradual.summary/1` that are read, with values that are given."""

from collections.abc import Sequence
from typing import Any

TIMES = {"mean": 50.0, "p50": 40.0, "p95": 90.0, "p99": 200.0}
MACHINE = {"cpus": 8, "python": "3.12.1"}
NOISE = (0.0, 0.004, -0.003, 0.002, -0.005)
"""By how much five runs of one system differ."""


def level(target: float, factor: float = 1.0, marks: Sequence[str] = (), failures: int = 0) -> dict[str, Any]:
    """A row of `levels` with three blocks; times are `factor` times as long, and throughput is lower by it."""
    throughput = 10 * target / factor
    times = {name: value * factor for name, value in TIMES.items()}
    block = {"requests": 300, "failures": failures // 3, "throughput_rps": throughput}
    return {
        "target": target,
        "warm_up": False,
        "marks": list(marks),
        "requests": 1000,
        "failures": failures,
        "throughput_rps": throughput,
        "response_time_ms": times,
        "blocks": [
            {**block, **{f"{name}_ms": value * near for name, value in times.items()}} for near in (0.99, 1.0, 1.01)
        ],
    }


def document(run_id: str, factor: float = 1.0, levels: Sequence[dict[str, Any]] | None = None, **run: Any) -> Any:
    """A summary of a run that passed; `run`: other values of its key `run`."""
    about = {"id": run_id, "plan_sha256": "a" * 64, "fingerprint": MACHINE}
    return {
        "schema": "gradual.summary/1",
        "run": {**about, **run},
        "verdict": {"status": "passed", "reasons": []},
        "totals": {"requests": 1000, "throughput_rps": 150.0, "response_time_ms": {"p95": 90.0}},
        "levels": [level(target, factor) for target in (10, 20)] if levels is None else list(levels),
    }


def documents(side: str, factor: float = 1.0, runs: int = 5) -> list[Any]:
    """The summaries of some runs, which differ by `NOISE`."""
    return [document(f"{side}{number}", factor * (1 + NOISE[number])) for number in range(runs)]
