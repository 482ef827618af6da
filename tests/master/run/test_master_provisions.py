"""What each agent must store: the job first, then the rows of its own slots only."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import Rows, SlotRun
from gradual_master.run.provisions import ROWS_PER_PROVISION, Provisions

JOB = Job({}, {}, {}, 1)


class Table:
    """Rows that name their ordinal; none beyond `length`."""

    def __init__(self, length: int = 10**9) -> None:
        self.length = length

    def row(self, ordinal: int) -> dict[str, Any] | None:
        return {"n": ordinal} if ordinal < self.length else None


def test_the_job_is_the_first_provision_of_everybody() -> None:
    assert Provisions(JOB, {}).job().sequence == 1
    assert Provisions(JOB, {}).prepare("a", (SlotRun(0, 0, 5, 1),)) == 1


def test_an_agent_gets_the_rows_of_its_own_slots() -> None:
    provisions = Provisions(JOB, {(0, "user"): Table(), (1, "card"): Table()})
    assert provisions.prepare("a", (SlotRun(0, 1, 2, 1), SlotRun(0, 7, 1, 1))) == 2
    assert [provision.rows for provision in provisions.rows_of("a")] == [
        (Rows(0, "user", (1, 2, 7), ({"n": 1}, {"n": 2}, {"n": 7})),)
    ]


def test_slots_that_an_agent_is_given_later_come_with_provisions_of_their_own() -> None:
    provisions = Provisions(JOB, {(0, "user"): Table()})
    assert provisions.prepare("a", (SlotRun(0, 1, 1, 1),)) == 2
    assert provisions.prepare("a", (SlotRun(0, 4, 2, 2),)) == 3
    assert [provision.sequence for provision in provisions.rows_of("a", 1)] == [2, 3]
    (later,) = provisions.rows_of("a", 2)
    assert later.rows[0].ordinals == (4, 5)


@given(st.lists(st.integers(0, 2500), min_size=2, max_size=2), st.integers(0, 3000))
def test_every_row_is_sent_once_and_the_last_sequence_is_known_before(counts: list[int], length: int) -> None:
    slots = tuple(SlotRun(group, 10, count, 1) for group, count in enumerate(counts) if count)
    provisions = Provisions(JOB, {(0, "user"): Table(length), (1, "user"): Table()})
    last = provisions.prepare("a", slots)
    sent = list(provisions.rows_of("a"))
    assert [provision.sequence for provision in sent] == list(range(2, last + 1))
    ordinals = [(rows.group, ordinal) for provision in sent for rows in provision.rows for ordinal in rows.ordinals]
    assert ordinals == [
        (group, ordinal)
        for group, count in enumerate(counts)
        for ordinal in range(10, 10 + count)
        if group == 1 or ordinal < length
    ]
    assert all(len(rows.ordinals) <= ROWS_PER_PROVISION for provision in sent for rows in provision.rows)


def test_nothing_lies_ready_for_an_agent_that_was_given_nothing() -> None:
    assert list(Provisions(JOB, {(0, "user"): Table()}).rows_of("stranger")) == []


def test_what_a_set_up_extracted_comes_once_to_everybody_and_before_further_rows() -> None:
    provisions = Provisions(JOB, {(0, "user"): Table()})
    assert provisions.prepare("a", (SlotRun(0, 1, 1, 1),)) == 2
    provisions.variables = b'{"token":"t-1"}'
    assert provisions.prepare("a", ()) == 3
    assert provisions.prepare("a", ()) == 3
    assert provisions.prepare("a", (SlotRun(0, 2, 1, 1),)) == 4
    assert provisions.prepare("late", (SlotRun(0, 3, 1, 1),)) == 3
    assert [provision.variables for provision in provisions.rows_of("a")] == [b"", provisions.variables, b""]
    assert [provision.variables for provision in provisions.rows_of("late")] == [provisions.variables, b""]
