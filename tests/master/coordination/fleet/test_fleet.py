"""Agents by incarnation, the streams they speak on, and their leases as the master counts them."""

from fleet_model import TERMS, S, hello_of

from gradual_master.coordination.fleet.agent import Contact, FleetAgent, StandingEvent
from gradual_master.coordination.fleet.fleet import Fleet


def test_agents_keep_their_order_of_arrival() -> None:
    fleet = Fleet(TERMS)
    for stream, name in enumerate("cab", 1):
        assert fleet.refusal(hello_of(name), is_ending=False) is None
        assert fleet.admit(hello_of(name), stream).number == stream - 1
    assert [facts.name for facts in fleet.facts(0)] == ["c", "a", "b"]


def test_a_new_stream_takes_over_and_names_the_one_it_supersedes() -> None:
    fleet = Fleet(TERMS)
    agent = fleet.admit(hello_of("a"), 1)
    assert fleet.supersede(agent, hello_of("a", 2), 5) == 1
    assert fleet.speaker(1) is None
    assert fleet.speaker(5) is agent
    assert agent.contact is Contact.RETURNING


def test_an_agent_without_a_stream_supersedes_none() -> None:
    fleet = Fleet(TERMS)
    agent = fleet.admit(hello_of("a"), 1)
    assert fleet.leave(1) is agent
    assert agent.stream is None
    assert fleet.supersede(agent, hello_of("a", 2), 5) is None


def test_the_end_of_a_superseded_stream_takes_nothing_from_the_new_one() -> None:
    fleet = Fleet(TERMS)
    agent = fleet.admit(hello_of("a"), 1)
    fleet.supersede(agent, hello_of("a", 2), 5)
    assert fleet.leave(1) is None
    assert agent.stream == 5


def test_a_forgotten_agent_may_come_again_as_a_new_one_unless_it_is_barred() -> None:
    fleet = Fleet(TERMS)
    fleet.forget(fleet.admit(hello_of("a"), 1))
    assert fleet.refusal(hello_of("a"), is_ending=False) is None
    agent = fleet.admit(hello_of("a"), 2)
    fleet.bar(agent)
    fleet.forget(agent)
    assert fleet.refusal(hello_of("a"), is_ending=False) == "this agent was dropped from the run"
    assert list(fleet) == []


def test_a_process_that_was_forgotten_and_comes_again_is_shown_as_before() -> None:
    fleet = Fleet(TERMS)
    fleet.forget(fleet.admit(hello_of("a"), 1))
    assert fleet.admit(hello_of("x", name="a"), 2).name == "a#2"
    assert fleet.admit(hello_of("a"), 3).name == "a"


def test_a_lost_agent_does_not_work_and_is_still_in_the_facts() -> None:
    fleet = Fleet(TERMS)
    agent = fleet.admit(hello_of("a"), 1)
    agent.take(StandingEvent.LOSE)
    agent.was_lost = True
    assert fleet.working() == []
    assert [facts.lost for facts in fleet.facts(0)] == [True]


def test_near_the_end_only_a_known_agent_is_taken_back() -> None:
    fleet = Fleet(TERMS)
    fleet.admit(hello_of("a"), 1)
    assert fleet.refusal(hello_of("a", 2, run="r1"), is_ending=True) is None
    assert fleet.refusal(hello_of("b"), is_ending=True) is not None


def agents_of(names: str) -> tuple[Fleet, list[FleetAgent]]:
    """A fleet in which a lease is 10 s and its guard 1 s."""
    fleet = Fleet(TERMS)
    return fleet, [fleet.admit(hello_of(name), stream) for stream, name in enumerate(names, 1)]


def test_a_lease_is_held_until_its_ping_plus_lease_plus_guard() -> None:
    fleet, (agent,) = agents_of("a")
    fleet.renew(agent, 5 * S)
    assert agent.has_lease(16 * S)
    assert not agent.has_lease(16 * S + 1)


def test_an_agent_that_never_pinged_holds_nothing() -> None:
    _, (agent,) = agents_of("a")
    assert not agent.has_lease(0)


def test_only_leases_that_are_over_are_named_in_order_of_their_end() -> None:
    fleet, (late, early, alive) = agents_of("abc")
    for agent, at in ((late, 3), (early, 1), (alive, 9)):
        fleet.renew(agent, at * S)
    assert fleet.expired(12 * S) == []
    assert fleet.expired(15 * S) == [early, late]
    early.lease_end = None
    assert fleet.expired(15 * S) == [late]


def test_a_stall_of_the_master_moves_every_lease() -> None:
    fleet, (agent,) = agents_of("a")
    fleet.renew(agent, 0)
    fleet.note_stall(4 * S)
    assert agent.has_lease(15 * S)
    assert not agent.has_lease(15 * S + 1)


def test_a_renewal_never_shortens_a_lease() -> None:
    fleet, (agent,) = agents_of("a")
    fleet.renew(agent, 0)
    fleet.note_stall(20 * S)
    fleet.renew(agent, 5 * S)
    assert agent.has_lease(31 * S)
