"""Sequences that once broke a rule, each as short as it could be made: what was wrong, the faults, the seed.

They are played before all others. Each failed on the state before the commit that mended it; what a seed leaves to
chance (delays, levels, how many agents are expected) is drawn in the order in which the simulation asks for it, so a
change of the simulation may make a sequence harmless.
"""

from __future__ import annotations

from fuzz_faults import Fault
from fuzz_world import MS, S

KEPT: dict[str, tuple[list[Fault], int]] = {
    "an agent back from a break named only the slots with a user; it filled others that were given away": (
        [
            Fault("break", 0, 0 * S, 0),
            Fault("delay", 2, 1050 * MS, 0),
            Fault("join", 0, 5300 * MS, 0),
        ],
        30,
    ),
    "the same, after a cut": (
        [
            Fault("drift", 0, 25050 * MS, 1),
            Fault("cut", 0, 1 * S, 0),
            Fault("join", 0, 3300 * MS, 3),
            Fault("delay", 0, 300 * MS, 0),
        ],
        10,
    ),
    "a process that had been paused sealed more batches at once than the outbox holds": (
        [
            Fault("pause", 0, 1 * S, 0),
            Fault("wait", 0, 25 * S, 0),
        ],
        23,
    ),
    "slots that became free while an agent was between two streams were not assigned when it was back": (
        [
            Fault("drain", 0, 350 * MS, 0),
            Fault("drain", 2, 0 * S, 0),
            Fault("delay", 0, 1 * S, 2),
            Fault("break", 0, 0 * S, 0),
        ],
        34131,
    ),
    "slots whose rows were still on their way were to move: their holder never had orders for them": (
        [
            Fault("kill", 0, 1 * S, 0),
            Fault("kill", 0, 300 * MS, 0),
            Fault("join", 0, 25300 * MS, 3),
        ],
        2,
    ),
    "slots were to move that orders had named and that their holder, cut off, had not put in force": (
        [
            Fault("delay", 0, 0 * S, 0),
            Fault("delay", 1, 300 * MS, 0),
            Fault("cut", 1, 12950 * MS, 0),
            Fault("cut", 0, 600 * MS, 0),
            Fault("fade", 0, 3 * S, 0),
            Fault("join", 0, 300 * MS, 0),
            Fault("pause", 1, 600 * MS, 2),
            Fault("cut", 1, 0 * S, 2),
            Fault("fade", 2, 3650 * MS, 2),
            Fault("stall", 0, 3 * S, 0),
            Fault("kill", 0, 0 * S, 0),
            Fault("clog", 0, 14 * S, 2),
            Fault("break", 1, 0 * S, 1),
            Fault("join", 0, 2 * S, 0),
        ],
        5329,
    ),
    "slots became free while an agent was silent, and were not assigned when it was heard again": (
        [
            Fault("drain", 0, 1 * S, 0),
            Fault("clog", 0, 1 * S, 3),
            Fault("break", 0, 0 * S, 0),
            Fault("delay", 0, 4 * S, 0),
            Fault("kill", 0, 1 * S, 0),
            Fault("pause", 1, 0 * S, 2),
            Fault("stall", 0, 12 * S, 0),
        ],
        2,
    ),
    "an agent that was away when slots were assigned did not get its share of them when it was back": (
        [
            Fault("pause", 0, 12750 * MS, 0),
            Fault("fade", 2, 0 * S, 0),
            Fault("join", 0, 4 * S, 0),
            Fault("drain", 1, 1 * S, 0),
            Fault("clog", 0, 1300 * MS, 0),
        ],
        9,
    ),
    "what an agent that was away, and then lost, would have got was assigned to the others in equal parts": (
        [
            Fault("cut", 2, 350 * MS, 2),
            Fault("fade", 1, 12300 * MS, 0),
            Fault("cut", 0, 1 * S, 0),
            Fault("kill", 1, 300 * MS, 0),
            Fault("break", 1, 300 * MS, 0),
            Fault("join", 0, 1350 * MS, 3),
            Fault("delay", 0, 3 * S, 0),
            Fault("join", 0, 1 * S, 0),
            Fault("kill", 1, 300 * MS, 0),
            Fault("kill", 1, 1 * S, 0),
            Fault("duplicate", 0, 3350 * MS, 0),
        ],
        6,
    ),
    "an agent was given slots in the room of those whose users were still handing over": (
        [
            Fault("cut", 0, 50 * MS, 2),
            Fault("delay", 0, 0 * S, 1),
            Fault("stall", 0, 0 * S, 0),
            Fault("stall", 0, 15300 * MS, 0),
        ],
        25889,
    ),
    "an agent that had stored the plan when its lease was over was given nothing when it was back": (
        [
            Fault("join", 0, 0 * S, 0),
            Fault("delay", 2, 0 * S, 3),
            Fault("cut", 2, 2 * S, 0),
            Fault("duplicate", 0, 14 * S, 0),
        ],
        34,
    ),
    "held up, with a late clock, a process read orders that passed over a level it had still to apply": (
        [
            Fault("join", 0, 2400 * MS, 0),
            Fault("join", 0, 1 * S, 3),
            Fault("pause", 2, 1350 * MS, 0),
            Fault("delay", 2, 2300 * MS, 1),
            Fault("break", 0, 3 * S, 0),
            Fault("resume", 2, 1400 * MS, 0),
            Fault("drift", 0, 1 * S, 0),
        ],
        5335,
    ),
    "a user moved for an agent that was away, was given back to its holder, and moved again, without end": (
        [
            Fault("cut", 1, 0 * S, 0),
            Fault("join", 0, 3 * S, 0),
            Fault("join", 0, 2200 * MS, 0),
            Fault("drain", 1, 50 * MS, 0),
            Fault("kill", 0, 3600 * MS, 0),
            Fault("pause", 2, 1 * S, 0),
            Fault("kill", 2, 1600 * MS, 0),
        ],
        35,
    ),
    "slots on their way from an agent that was asked to end were counted twice, and those that join got too few": (
        [
            Fault("pause", 1, 14350 * MS, 1),
            Fault("drain", 0, 1 * S, 0),
            Fault("pause", 0, 0 * S, 2),
            Fault("break", 1, 350 * MS, 0),
            Fault("delay", 1, 1 * S, 3),
            Fault("delay", 0, 0 * S, 0),
            Fault("delay", 0, 24 * S, 2),
            Fault("drain", 0, 0 * S, 0),
            Fault("join", 0, 0 * S, 0),
            Fault("join", 0, 0 * S, 0),
            Fault("stall", 0, 0 * S, 0),
            Fault("delay", 0, 0 * S, 0),
            Fault("join", 0, 0 * S, 0),
        ],
        33919,
    ),
    "the share of an agent that was away was kept for it, and was nobody's when it was lost": (
        [
            Fault("cut", 0, 0 * S, 0),
            Fault("cut", 1, 0 * S, 0),
            Fault("join", 0, 0 * S, 0),
            Fault("kill", 0, 12 * S, 0),
        ],
        10,
    ),
    # Of shares the fuzz is less strict now where slots have ended: a test of dealing keeps that. What is left to see
    # here is a user that is still ending when time is over, which was taken for a vacant slot.
    "slots that ended with an agent that was leaving were awaited for one that was back": (
        [
            Fault("break", 0, 1300 * MS, 0),
            Fault("join", 0, 50 * MS, 0),
            Fault("pause", 0, 3 * S, 1),
            Fault("cut", 0, 0 * S, 0),
            Fault("drain", 2, 17650 * MS, 0),
            Fault("clog", 1, 2350 * MS, 3),
            Fault("join", 0, 2 * S, 0),
            Fault("fade", 0, 50 * MS, 0),
            Fault("break", 1, 4 * S, 0),
            Fault("drain", 1, 1050 * MS, 0),
        ],
        16685,
    ),
}
