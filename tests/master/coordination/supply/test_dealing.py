"""Blocks of rows in the master's core: never twice, whatever becomes of streams and agents."""

from typing import Any

from fleet_model import CoreRun, id_of, notes_text, schedule_of, sent

from gradual_common.plan.data.supplies import Supply
from gradual_common.protocol.messages import SEQUENCE, BlockRequest, BlockUse, DealtBlock, Goodbye, Ping
from gradual_master.coordination.journal import RowsHandedOut
from gradual_master.results.facts import SupplyFacts


def run_of(rows: int = 1000, **supplies: Any) -> CoreRun:
    supply = Supply("user", [{"id": number} for number in range(rows)])
    run = CoreRun(schedule_of((4,), endless=True), supplies={(0, "user"): supply, **supplies})
    run.to_running("a", "b")
    return run


def ask(run: CoreRun, name: str, number: int, count: int = 10, **parts: Any) -> None:
    run.send(name, wanted=(BlockRequest(0, "user", number, count),), **parts)


def blocks(run: CoreRun, name: str) -> list[DealtBlock]:
    """The blocks that were put on the agent's last stream."""
    return [message.block for message in sent(run.instructions, run.streams[name]) if message.block is not None]


def ids(block: DealtBlock) -> list[int]:
    return [row["id"] for row in block.values]


def test_agents_get_different_rows() -> None:
    run = run_of()
    ask(run, "a", 1)
    ask(run, "b", 1)
    ask(run, "a", 2)
    assert [ids(block) for block in blocks(run, "a")] == [list(range(10)), list(range(20, 30))]
    assert [ids(block) for block in blocks(run, "b")] == [list(range(10, 20))]


def test_a_request_that_comes_again_gets_the_same_block() -> None:
    run = run_of()
    ask(run, "a", 1)
    [first] = blocks(run, "a")
    run.hang_up("a")
    run.greet("a", 2, run="r1", held=run.slots("a"))
    ask(run, "a", 1, ping=Ping(5, 0, 0))
    assert blocks(run, "a") == [first]
    assert run.core.facts().supplies[0].handed_out == 10


def test_what_is_handed_out_is_in_the_journal() -> None:
    run = run_of()
    ask(run, "a", 1)
    assert [one for one in run.journal.decisions if isinstance(one, RowsHandedOut)] == [
        RowsHandedOut(id_of("a"), 0, "user", 0, 0, 10)
    ]


def test_the_rows_of_a_lost_agent_are_a_gap_that_is_reported() -> None:
    run = run_of()
    ask(run, "a", 1)
    run.send("a", used=(BlockUse(0, "user", 3),))
    run.wait(12, "b")
    ask(run, "b", 1)
    assert ids(blocks(run, "b")[0]) == list(range(10, 20))
    assert "7 rows of 'user' went with agent a" in notes_text(run)
    assert run.core.facts().supplies == (SupplyFacts("user", 1000, 20, 3, 7),)


def test_an_agent_that_leaves_gets_nothing_more() -> None:
    run = run_of()
    run.send("a", leaving=True)
    ask(run, "a", 1)
    assert blocks(run, "a") == []
    assert run.core.facts().supplies[0].handed_out == 0


def test_an_agent_that_said_goodbye_gets_nothing() -> None:
    run = run_of()
    run.send("a", goodbye=Goodbye("bye"))
    ask(run, "a", 1)
    assert blocks(run, "a") == []


def test_what_contradicts_the_protocol_drops_the_agent() -> None:
    for parts in (
        {"wanted": (BlockRequest(0, "user", 3, 10),)},
        {"wanted": (BlockRequest(0, "other", 1, 10),)},
        {"used": (BlockUse(0, "user", 1),)},
    ):
        run = run_of()
        run.send("a", **parts)
        assert "agent a is dropped" in notes_text(run)


def test_the_last_rows_say_that_nothing_follows() -> None:
    run = run_of(rows=2)
    ask(run, "a", 1)
    ask(run, "b", 1)
    ask(run, "a", 2)
    assert [(ids(one), one.exhausted) for one in blocks(run, "a") + blocks(run, "b")] == [
        ([0], False),
        ([], True),
        ([1], True),
    ]


def test_agents_get_different_numbers_of_a_sequence() -> None:
    run = run_of()
    for name, number in (("a", 1), ("b", 1), ("a", 2), ("a", 2)):
        run.send(name, wanted=(BlockRequest(SEQUENCE, "invoice", number, 100),))
    assert [(one.first, one.count) for one in blocks(run, "a")] == [(1, 100), (201, 100), (201, 100)]
    assert [(one.first, one.count) for one in blocks(run, "b")] == [(101, 100)]
    assert [facts.name for facts in run.core.facts().supplies] == ["user"]
