"""Loads the numerical library that the analysis uses, before it is needed: that takes half a second."""

from __future__ import annotations

from importlib import import_module

from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Schedule
from gradual_master.analysis.scalability.analyse import MIN_LEVELS
from gradual_master.analysis.steady_state import MIN_SECONDS

MODULES = ("scipy.optimize", "scipy.special")


def is_needed(schedule: Schedule) -> bool:
    """Whether a run may have a curve, or a level that is long enough to be called steady."""
    targets = {level.target for level in schedule.levels if level.target}
    is_long = any(level.end - level.start >= MIN_SECONDS * NS_PER_S for level in schedule.levels)
    return is_long or len(targets) >= MIN_LEVELS


def load() -> None:
    """Load it, for a thread beside the event loop; whoever imports it meanwhile waits for that."""
    for module in MODULES:
        import_module(module)
