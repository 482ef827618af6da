"""`python -m bench [NAME…]`: run the named measurements, or all of them, and print their tables."""

from __future__ import annotations

import os
import sys
from importlib import import_module

MEASUREMENTS = (
    "startup",
    "levels",
    "memory",
    "accuracy",
    "fleet",
    "security",
    "traffic",
    "before",
    "samples",
    "report",
    "analysis",
    "capacity",
    "real_capacity",
    "queueing",
    "known_latencies",
    "comparisons",
    "compare",
    "flow",
    "usl_coverage",
    "why_concurrency",
    "many_users",
    "soak",
)


def main(names: list[str]) -> int:
    """Run each measurement; 0 if every limit was met, 1 if one was missed, 2 for an unknown name."""
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are: {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    os.environ["GRADUAL_STORE"] = "none"  # what is measured here is not among the user's own runs
    met = [import_module(f"bench.{name}").main() for name in names or MEASUREMENTS]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
