"""Sequences that once broke a rule, each as short as it could be made: what was wrong, the faults, the seed.

They are played before all others. Each failed on the state before the commit that mended it; what a seed leaves to
chance (delays, levels, how many agents are expected) is drawn in the order in which the simulation asks for it, so a
change of the simulation may make a sequence harmless.
"""

from __future__ import annotations

from fuzz_faults import Fault
from fuzz_world import MS, S

KEPT: dict[str, tuple[list[Fault], int]] = {
    "slots became free while an agent was silent, and were not dealt when it was heard again": (
        [
            Fault("drain", 3, 1 * S, 1),
            Fault("duplicate", 0, 1 * S, 1),
            Fault("clog", 3, 0 * S, 3),
            Fault("break", 0, 0 * S, 1),
            Fault("resume", 1, 1 * S, 3),
            Fault("delay", 3, 3 * S, 3),
            Fault("kill", 0, 1 * S, 0),
            Fault("pause", 3, 50 * MS, 2),
            Fault("stall", 3, 12 * S, 1),
        ],
        12095,
    ),
}
