"""Sets the levels of a run beside the bounds that queueing theory gives for its bottleneck.

    gradual run examples/fintech/risk.yaml -o csv=results
    python3 examples/fintech/read_levels.py results --group adviser --step portfolio \\
        --demand 0.018 --alone 0.026 --think 1

The step is one that every iteration performs once, so its requests per second are the iterations per second, X. By
Little's law N = X (R + Z) the time of an iteration without its waits is R = N/X - Z (J. D. C. Little, 1961). The bounds
are those of operational analysis (P. J. Denning and J. P. Buzen, "The Operational Analysis of Queueing Network Models",
1978; E. D. Lazowska et al., "Quantitative System Performance", 1984, chapter 5):

    X <= min(N / (R0 + Z), 1/D)        R >= max(R0, N D - Z)

with D the time that one iteration needs the bottleneck (divided by its number of servers), R0 the time of an iteration
that meets nobody else, and Z its waits.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

SETTLING = 2
"""Intervals at the start of a level that are left out: the queue grows to its new length."""


@dataclass(frozen=True)
class Model:
    """What is known of an iteration, in seconds."""

    demand: float
    alone: float
    think: float

    def most_iterations(self, users: float) -> float:
        """The upper bound of X."""
        return min(users / (self.alone + self.think), 1 / self.demand)

    def least_time(self, users: float) -> float:
        """The lower bound of R."""
        return max(self.alone, users * self.demand - self.think)

    def bend(self) -> float:
        """The number of users at which the two parts of each bound meet."""
        return (self.alone + self.think) / self.demand


@dataclass(frozen=True)
class Level:
    """A level of the ramp as it was measured: means over its intervals."""

    users: float
    iterations: float
    """Per second."""

    def time(self, think: float) -> float:
        """R, by Little's law."""
        return self.users / self.iterations - think if self.iterations else float("nan")


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a table that `-o csv` has written."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def levels_of(folder: Path, group: str, step: str) -> list[Level]:
    """The levels of a group, in order."""
    wanted = {row["interval"]: row for row in rows_of(folder / "interval_groups.csv") if row["group"] == group}
    if not wanted:
        raise SystemExit(f"{folder} has no group {group!r}")
    counts: dict[str, int] = defaultdict(int)
    for row in rows_of(folder / "interval_actions.csv"):
        if (row["group"], row["step"]) == (group, step):
            counts[row["interval"]] += int(row["requests"])
    if not counts:
        raise SystemExit(f"{folder} has no requests of the step {step!r} in the group {group!r}")
    by_target: dict[float, list[str]] = defaultdict(list)
    for interval, row in wanted.items():
        if float(row["target_users"]):
            by_target[float(row["target_users"])].append(interval)
    return [level_of(intervals, wanted, counts) for intervals in by_target.values()]


def level_of(intervals: list[str], groups: dict[str, dict[str, str]], counts: dict[str, int]) -> Level:
    """The means of one level; a level of two intervals or fewer counts whole."""
    settled = intervals[SETTLING:] or intervals
    users = sum(float(groups[interval]["active_users"]) for interval in settled)
    return Level(users / len(settled), sum(counts[interval] for interval in settled) / len(settled))


def table_of(levels: list[Level], model: Model) -> str:
    """Measured values beside their bounds, a line for each level."""
    lines = [f"The bounds bend at {model.bend():.0f} users; no more than {1 / model.demand:.1f} iterations per second."]
    lines.append("users    X, 1/s  at most      R, s  at least")
    for level in levels:
        measured = f"{level.users:5.1f}  {level.iterations:8.2f}  {model.most_iterations(level.users):7.2f}"
        lines.append(f"{measured}  {level.time(model.think):8.3f}  {model.least_time(level.users):8.3f}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="what `-o csv=FOLDER` has written")
    for name in ("group", "step"):
        parser.add_argument(f"--{name}", required=True)
    for name, text in (("demand", "D"), ("alone", "R0"), ("think", "Z")):
        parser.add_argument(f"--{name}", required=True, type=float, metavar=text, help="seconds")
    options = parser.parse_args()
    model = Model(options.demand, options.alone, options.think)
    sys.stdout.write(table_of(levels_of(options.folder, options.group, options.step), model))


if __name__ == "__main__":
    main()
