"""Agents by incarnation, and the streams they speak on."""

from fleet_model import hello_of

from gradual_master.coordination.fleet.agent import Contact, StandingEvent
from gradual_master.coordination.fleet.fleet import Fleet


def test_agents_keep_their_order_of_arrival() -> None:
    fleet = Fleet("r1")
    for stream, name in enumerate("cab", 1):
        assert fleet.refusal(hello_of(name), is_ending=False) is None
        assert fleet.admit(hello_of(name), stream).number == stream - 1
    assert [facts.name for facts in fleet.facts()] == ["c", "a", "b"]


def test_a_new_stream_takes_over_and_names_the_one_it_supersedes() -> None:
    fleet = Fleet("r1")
    agent = fleet.admit(hello_of("a"), 1)
    assert fleet.supersede(agent, hello_of("a", 2), 5) == 1
    assert fleet.speaker(1) is None
    assert fleet.speaker(5) is agent
    assert agent.contact is Contact.RETURNING


def test_an_agent_without_a_stream_supersedes_none() -> None:
    fleet = Fleet("r1")
    agent = fleet.admit(hello_of("a"), 1)
    assert fleet.leave(1) is agent
    assert fleet.connected() == []
    assert fleet.supersede(agent, hello_of("a", 2), 5) is None


def test_the_end_of_a_superseded_stream_takes_nothing_from_the_new_one() -> None:
    fleet = Fleet("r1")
    agent = fleet.admit(hello_of("a"), 1)
    fleet.supersede(agent, hello_of("a", 2), 5)
    assert fleet.leave(1) is None
    assert fleet.connected() == [agent]


def test_a_forgotten_agent_may_come_again_as_a_new_one_unless_it_is_barred() -> None:
    fleet = Fleet("r1")
    fleet.forget(fleet.admit(hello_of("a"), 1))
    assert fleet.refusal(hello_of("a"), is_ending=False) is None
    agent = fleet.admit(hello_of("a"), 2)
    fleet.bar(agent)
    fleet.forget(agent)
    assert fleet.refusal(hello_of("a"), is_ending=False) == "this agent was dropped from the run"
    assert list(fleet) == []


def test_a_process_that_was_forgotten_and_comes_again_is_shown_as_before() -> None:
    fleet = Fleet("r1")
    fleet.forget(fleet.admit(hello_of("a"), 1))
    assert fleet.admit(hello_of("x", name="a"), 2).name == "a#2"
    assert fleet.admit(hello_of("a"), 3).name == "a"


def test_a_lost_agent_does_not_work_and_is_still_in_the_facts() -> None:
    fleet = Fleet("r1")
    agent = fleet.admit(hello_of("a"), 1)
    agent.take(StandingEvent.LOSE)
    agent.was_lost = True
    assert fleet.working() == []
    assert [facts.lost for facts in fleet.facts()] == [True]


def test_near_the_end_only_a_known_agent_is_taken_back() -> None:
    fleet = Fleet("r1")
    fleet.admit(hello_of("a"), 1)
    assert fleet.refusal(hello_of("a", 2, run="r1"), is_ending=True) is None
    assert fleet.refusal(hello_of("b"), is_ending=True) is not None
