"""What the master wants of an agent: what waits, what is in force or was begun, and what is confirmed."""

import pytest

from gradual_agent.coordination.duties import AgentDuties, version_of
from gradual_common.protocol.messages import Confirm, LevelOrder, Once, Orders

SECOND = 1_000_000_000


def orders(version: int, epoch: int = 1, levels: int = 1) -> Orders:
    return Orders(epoch, version, (), tuple(LevelOrder(0, n, 0, (1,)) for n in range(levels)), 0, SECOND)


def provisioned() -> AgentDuties:
    """The job is stored, and that is confirmed."""
    duties = AgentDuties()
    duties.note_provision(1)
    duties.take_confirm()
    return duties


def obeying(version: int = 3) -> AgentDuties:
    """Orders are in force and confirmed."""
    duties = provisioned()
    duties.receive_orders(orders(version))
    duties.obey()
    duties.take_confirm()
    return duties


def performing(section: str = "setup") -> AgentDuties:
    duties = provisioned()
    duties.receive_once(Once(section))
    duties.begin()
    return duties


def test_an_agent_that_was_told_nothing_has_nothing_to_do_or_confirm() -> None:
    duties = AgentDuties()
    duties.repeat()
    assert (duties.obey(), duties.begin(), duties.take_confirm()) == (None, None, None)


def test_orders_and_a_section_wait_for_the_job() -> None:
    duties = AgentDuties()
    duties.receive_orders(orders(1))
    duties.receive_once(Once("setup"))
    assert (duties.obey(), duties.begin()) == (None, None)
    duties.note_provision(1)
    assert (duties.obey(), duties.begin()) == (orders(1), Once("setup"))


def test_what_is_carried_out_is_given_once() -> None:
    duties = provisioned()
    duties.receive_orders(orders(1))
    duties.receive_once(Once("setup"))
    assert (duties.obey(), duties.begin()) == (orders(1), Once("setup"))
    assert (duties.obey(), duties.begin()) == (None, None)


def test_orders_are_confirmed_when_they_are_in_force_and_not_before() -> None:
    duties = provisioned()
    duties.receive_orders(orders(1))
    duties.receive_orders(orders(1))
    assert duties.take_confirm() is None
    duties.obey()
    assert duties.take_confirm() == Confirm(1, 1, 1)
    assert duties.take_confirm() is None


def test_of_orders_that_wait_the_newest_counts() -> None:
    duties = provisioned()
    for version in (1, 3, 2):
        duties.receive_orders(orders(version))
    assert duties.obey() == orders(3)


@pytest.mark.parametrize(
    ("received", "why"),
    [
        (orders(4), "a later version"),
        (orders(1, epoch=2), "a restarted master counts from 1 again, in a new epoch"),
    ],
)
def test_newer_orders_replace_those_in_force(received: Orders, why: str) -> None:
    duties = obeying(3)
    duties.receive_orders(received)
    assert duties.obey() == received, why


@pytest.mark.parametrize(
    ("received", "why"),
    [
        (orders(2), "an older version"),
        (orders(3), "the same again"),
        (orders(9, epoch=0), "any version of an older epoch"),
    ],
)
def test_other_orders_are_dropped_and_those_in_force_confirmed_again(received: Orders, why: str) -> None:
    duties = obeying(3)
    duties.receive_orders(received)
    assert duties.obey() is None, why
    assert duties.take_confirm() == Confirm(1, 3, 1), why


def test_stored_provisions_are_confirmed_by_their_highest_number() -> None:
    duties = AgentDuties()
    for sequence in (1, 3, 2):
        duties.note_provision(sequence)
    assert duties.take_confirm() == Confirm(0, 0, 3)


def test_there_is_something_to_drain_once_levels_have_been_in_force() -> None:
    duties = provisioned()
    seen = []
    for version, levels in ((1, 0), (2, 1), (3, 0)):
        duties.receive_orders(orders(version, levels=levels))
        waiting = duties.is_scheduled
        duties.obey()
        seen.append((waiting, duties.is_scheduled))
    assert seen == [(False, False), (False, True), (True, True)]


def test_a_new_stream_forgets_what_waits_and_the_master_says_it_again() -> None:
    duties = obeying(3)
    duties.receive_orders(orders(5))
    duties.receive_once(Once("setup"))
    duties.dial()
    assert (duties.obey(), duties.begin()) == (None, None)
    duties.receive_orders(orders(4))
    duties.receive_once(Once("setup"))
    assert (duties.obey(), duties.begin()) == (orders(4), Once("setup")), "only what is in force makes others old"


def test_on_a_new_stream_what_is_in_force_is_confirmed_again() -> None:
    duties = obeying(3)
    duties.dial()
    duties.repeat()
    assert duties.take_confirm() == Confirm(1, 3, 1)


def test_a_section_that_was_begun_is_not_begun_again_even_on_a_new_stream() -> None:
    duties = performing("setup")
    duties.receive_once(Once("setup"))
    assert duties.begin() is None
    duties.dial()
    duties.note_performed("setup")
    duties.receive_once(Once("setup"))
    assert duties.begin() is None
    duties.receive_once(Once("teardown", b"{}"))
    assert duties.begin() == Once("teardown", b"{}"), "the other one is"


def test_a_section_is_performed_from_its_beginning_to_its_end() -> None:
    duties = provisioned()
    duties.receive_once(Once("setup"))
    assert (duties.is_performing, duties.has_begun("setup")) == (False, False), "it waits"
    duties.begin()
    assert (duties.is_performing, duties.has_begun("setup")) == (True, True)
    duties.note_performed("setup")
    assert (duties.is_performing, duties.has_begun("setup")) == (False, True)
    assert not duties.has_begun("teardown")


def test_a_section_that_is_to_end_is_not_begun_any_more() -> None:
    duties = provisioned()
    duties.receive_once(Once("setup"))
    duties.receive_once(Once("setup", ends=True))
    assert duties.begin() is None


def test_a_section_that_is_to_end_goes_on_until_it_has_ended() -> None:
    duties = performing("setup")
    duties.receive_once(Once("setup", ends=True))
    assert duties.is_performing


def test_a_new_epoch_is_later_than_any_version_of_the_former_one() -> None:
    assert version_of(orders(9)) < version_of(orders(1, epoch=2)) < version_of(orders(2, epoch=2))
