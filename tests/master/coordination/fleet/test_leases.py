"""Leases as the master counts them."""

from gradual_master.coordination.fleet.leases import Leases

S = 1_000_000_000


def test_a_lease_is_held_until_its_ping_plus_lease_plus_guard() -> None:
    leases = Leases(10 * S, S)
    leases.renew("a", 5 * S)
    assert leases.is_held("a", 16 * S)
    assert not leases.is_held("a", 16 * S + 1)


def test_an_agent_that_never_pinged_holds_nothing() -> None:
    assert not Leases(10 * S, S).is_held("a", 0)


def test_only_leases_that_are_over_are_named_in_order_of_their_end() -> None:
    leases = Leases(10 * S, S)
    for agent, at in (("late", 3), ("early", 1), ("alive", 9)):
        leases.renew(agent, at * S)
    assert leases.expired(12 * S) == []
    assert leases.expired(15 * S) == ["early", "late"]
    leases.end("early")
    assert leases.expired(15 * S) == ["late"]


def test_a_stall_of_the_master_moves_every_lease() -> None:
    leases = Leases(10 * S, S)
    leases.renew("a", 0)
    leases.note_stall(4 * S)
    assert leases.is_held("a", 15 * S)
    assert not leases.is_held("a", 15 * S + 1)


def test_a_renewal_never_shortens_a_lease() -> None:
    leases = Leases(10 * S, S)
    leases.renew("a", 0)
    leases.note_stall(20 * S)
    leases.renew("a", 5 * S)
    assert leases.is_held("a", 31 * S)
