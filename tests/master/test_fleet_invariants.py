"""What must always hold is noticed when it does not: each part is broken on its own."""

from collections.abc import Callable

import numpy as np
import pytest
from fleet_invariants import validate
from fleet_model import CoreRun, S, id_of, three_levels

from gradual_master.coordination.core import MasterCore
from gradual_master.coordination.fleet.agent import FleetAgent, LinkState, MemberState


def running() -> CoreRun:
    """A run under load, in which everything holds."""
    run = three_levels()
    run.wait_until(run.to_running("a", "b") + S, "a", "b")
    validate(run.core)
    return run


def a(core: MasterCore) -> FleetAgent:
    return core._fleet[id_of("a")]


def lose(agent: FleetAgent) -> None:
    agent.state, agent.was_lost, agent.reason = MemberState.LOST, True, "gone"


def set_slots(core: MasterCore, column: str, value: int) -> None:
    getattr(core._slots, column)[0] = value


BROKEN: list[tuple[str, Callable[[MasterCore], object], str]] = [
    ("a stream of nobody", lambda core: core._fleet._speakers.update({9: a(core)}), "speaks on 1, not on 9"),
    ("away on a stream", lambda core: setattr(a(core), "link", LinkState.AWAY), "a is away"),
    ("one name twice", lambda core: setattr(a(core), "name", "b"), "shown as"),
    ("connected and not counted", lambda core: core._fleet.commands.remove(id_of("a"), a(core).hello), "not counted"),
    ("commands counted wrongly", lambda core: setattr(core._fleet.commands, "complete", 7), "7 commands"),
    ("dropped and not barred", lambda core: setattr(a(core), "state", MemberState.DROPPED), "may come again"),
    ("lost and a holder", lambda core: setattr(a(core), "state", MemberState.LOST), "was never lost"),
    ("joining and a holder", lambda core: setattr(a(core), "state", MemberState.JOINING), "joining and holds slots"),
    ("a holder without a lease", lambda core: setattr(a(core), "lease_end", None), "without a lease"),
    ("lost and a lease", lambda core: lose(a(core)), "has a lease"),
    ("slots of a stranger", lambda core: set_slots(core, "_holder", 7), "a stranger"),
    ("a slot without tenure", lambda core: set_slots(core, "_tenure", 0), "under no tenure"),
    (
        "a free slot that leaves",
        lambda core: (set_slots(core, "_holder", -1), set_slots(core, "_leaving", 1)),
        "nobody",
    ),
    ("not awaited", lambda core: core._intake.stop_waiting_for(id_of("a")), "is it awaited"),
    ("cut off and connected", lambda core: core._intake.cut_off(id_of("a"), 0), "do not wait for it"),
    ("owed by nobody", lambda core: core._intake._owing.symmetric_difference_update({id_of("a")}), "owes interval"),
]


@pytest.mark.parametrize(("what", "break_it", "message"), BROKEN, ids=[what for what, *_ in BROKEN])
def test_it_is_noticed(what: str, break_it: Callable[[MasterCore], object], message: str) -> None:
    run = running()
    break_it(run.core)
    with pytest.raises(AssertionError, match=message):
        validate(run.core)


def test_the_table_is_looked_at_whole() -> None:
    run = running()
    run.core._slots._ended = np.ones_like(run.core._slots._ended)
    run.core._slots._tenure[-1] = 0
    with pytest.raises(AssertionError, match="under no tenure"):
        validate(run.core)
