"""Verdicts of comparisons of simulated runs whose true difference is known: false alarms, and slowdowns that are found.

A run has three levels of 60 s. What a run shares over all its levels and metrics (the machine's hour) is normal noise
of 2 %. Each level adds that of its six blocks of 10 s: an AR(1) process with φ = 0.6 around 0, of 2 % for throughput,
mean and p50, 4 % for p95 and 8 % for p99; a level's value is the mean of its blocks. Errors are a share of 0.1 %, with
noise likewise. So levels of a run, and blocks of a level, are not independent, as in real runs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

from bench.support import check_limit, print_table
from gradual_master.analysis.comparison.compare import RunComparison, compare_runs
from gradual_master.analysis.comparison.runs import AaVariation, ComparedLevel, ComparedRun

PAIRS = 1_000
RUN_NOISE = 0.02
PHI = 0.6
TARGETS = (10.0, 20.0, 40.0)
MANY_TARGETS = tuple(10.0 * number for number in range(1, 13))
BLOCKS = 6

TYPICAL = {
    "throughput": (200.0, 0.02),
    "mean": (80.0, 0.02),
    "p50": (60.0, 0.02),
    "p95": (150.0, 0.04),
    "p99": (300.0, 0.08),
}
"""Value at the first level, and the noise of a block."""

MEAN_OF_BLOCKS = 0.684
"""The standard deviation of the mean of six values of the AR(1) process, as a share of that of one."""

VARIATIONS = {
    **{
        metric: AaVariation(math.hypot(RUN_NOISE, noise * MEAN_OF_BLOCKS / math.sqrt(len(TARGETS))), 10)
        for metric, (_, noise) in TYPICAL.items()
    },
    "error_rate": AaVariation(0.0002, 10),
}
"""As a baseline of ten runs stores it."""


def simulate_run(name: str, slowdown: float, chance: Random, targets: Sequence[float] = TARGETS) -> ComparedRun:
    """One run; times are `slowdown` times the baseline's, throughput is divided by it."""
    shared = chance.gauss(0, RUN_NOISE)
    return ComparedRun(name, tuple(_level(target, slowdown, shared, chance) for target in targets))


def _level(target: float, slowdown: float, shared: float, chance: Random) -> ComparedLevel:
    blocks: dict[str, list[float | None]] = {}
    values: dict[str, float | None] = {}
    for metric, (typical, noise) in TYPICAL.items():
        sign = -1 if metric == "throughput" else 1
        middle = math.log(typical * target / TARGETS[0]) + sign * (math.log(slowdown) + shared)
        series = [math.exp(middle + away) for away in _auto_regression(noise, chance)]
        blocks[metric], values[metric] = list(series), sum(series) / BLOCKS
    errors = [max(0.0, 0.001 * (1 + 10 * away)) for away in _auto_regression(0.05, chance)]
    blocks["error_rate"], values["error_rate"] = list(errors), sum(errors) / BLOCKS
    return ComparedLevel(target, values, blocks)


def _auto_regression(noise: float, chance: Random) -> Iterator[float]:
    away = chance.gauss(0, noise)
    for _ in range(BLOCKS):
        yield away
        away = PHI * away + chance.gauss(0, noise * math.sqrt(1 - PHI * PHI))


def simulate_comparison(runs: int, slowdown: float, seed: int, targets: Sequence[float] = TARGETS) -> RunComparison:
    """`runs` runs a side; the variation is given, which one run does not show."""
    chance = Random(seed)
    baseline = [simulate_run(f"a{number}", 1.0, chance, targets) for number in range(runs)]
    candidate = [simulate_run(f"b{number}", slowdown, chance, targets) for number in range(runs)]
    return compare_runs(baseline, candidate, VARIATIONS, seed)


def count_verdicts(pairs: int, runs: int, slowdown: float, targets: Sequence[float] = TARGETS) -> Counter[str]:
    """How many of the pairs were worse, better, equivalent, inconclusive; "alarm" are the worse and the better, "mean
    worse" those whose mean response time was worse."""
    counts: Counter[str] = Counter()
    for seed in range(pairs):
        found = simulate_comparison(runs, slowdown, seed, targets)
        verdicts = {metric.metric: metric.verdict for metric in found.metrics}
        counts[found.verdict] += 1
        counts["alarm"] += not {"worse", "better"}.isdisjoint(verdicts.values())
        counts["mean worse"] += verdicts["mean"] == "worse"
        counts["mean equivalent"] += verdicts["mean"] == "equivalent"
    return counts


def main() -> bool:
    """Print the table; True if the limits of five runs against five are met."""
    shares, rows = {}, []
    for runs in (5, 1):
        for slowdown in (1.0, 1.05, 1.1, 1.2):
            counts = count_verdicts(PAIRS, runs, slowdown)
            names = ("worse", "better", "equivalent", "inconclusive", "alarm", "mean worse", "mean equivalent")
            shares[runs, slowdown] = {name: 100 * counts[name] / PAIRS for name in names}
            case = f"{runs} against {runs}, {slowdown - 1:+.0%}"
            rows.append((case, *(f"{shares[runs, slowdown][name]:.1f}" for name in names)))
    # Each of twelve levels could be called worse by itself, for each of six metrics.
    for runs in (5, 3, 1):
        counts = count_verdicts(PAIRS, runs, 1.0, MANY_TARGETS)
        shares[runs, 0.0] = {name: 100 * counts[name] / PAIRS for name in names}
        rows.append((f"{runs} against {runs}, +0%, 12 levels", *(f"{shares[runs, 0.0][name]:.1f}" for name in names)))
    header = ("runs a side, slowdown", *names)
    print_table(f"Verdicts of {PAIRS:,} simulated comparisons each, %", header, rows)
    return all(
        [
            check_limit("false alarms, 5 against 5", shares[5, 1.0]["alarm"], 5.0, " %"),
            check_limit("false alarms, 5 against 5, 12 levels", shares[5, 0.0]["alarm"], 5.0, " %"),
            check_limit("false alarms, 3 against 3, 12 levels", shares[3, 0.0]["alarm"], 5.0, " %"),
            check_limit("false alarms, 1 against 1, 12 levels", shares[1, 0.0]["alarm"], 5.0, " %"),
            check_limit("false alarms, 1 against 1, provisional", shares[1, 1.0]["alarm"], 5.0, " %"),
            check_limit("mean 10 % worse and not found, 5 against 5", 100 - shares[5, 1.1]["mean worse"], 20.0, " %"),
        ]
    )
