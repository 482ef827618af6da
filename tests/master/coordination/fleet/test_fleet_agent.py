"""What an agent is to the run, and whether it is heard: two tables, and what they do not allow."""

import pytest
from fleet_model import hello_of

from gradual_master.coordination.fleet.agent import (
    ASSIGNABLE,
    CONTACTS,
    ENLISTED,
    LOST,
    STANDINGS,
    WORKING,
    Contact,
    ContactEvent,
    FleetAgent,
    Standing,
    StandingEvent,
)
from gradual_master.errors import IllegalTransitionError


def agent_of(standing: Standing = Standing.JOINING, contact: Contact = Contact.HERE) -> FleetAgent:
    return FleetAgent("61", "a", hello_of("a"), 0, 1, standing, contact)


STORIES = [
    ("works to the end of the run", "enlisted", Standing.WORKING),
    ("ends by a drain", "enlisted, told to end, let go", Standing.LEFT),
    ("is told to end before it was given anything", "told to end, let go", Standing.LEFT),
    ("is told to end just before slots are assigned", "told to end, enlisted, let go", Standing.LEFT),
    ("is lost and back", "enlisted, lost, taken back", Standing.WORKING),
    ("is lost in a drain and back", "enlisted, told to end, lost, taken back", Standing.LEAVING),
    ("is told to end while it is lost", "enlisted, lost, told to end, taken back, let go", Standing.LEFT),
    ("is lost before the load and back", "enlisted, lost before the load, taken back", Standing.JOINING),
    ("cannot be understood", "enlisted, dropped, lost", Standing.LOST),
]


@pytest.mark.parametrize(("story", "events", "end"), STORIES, ids=[story for story, *_ in STORIES])
def test_an_agent(story: str, events: str, end: Standing) -> None:
    agent = agent_of()
    for event in events.split(", "):
        agent.take(StandingEvent(event))
    assert agent.standing is end


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("event", StandingEvent)
def test_a_transition_that_the_table_lacks_names_agent_standing_and_event(
    standing: Standing, event: StandingEvent
) -> None:
    agent = agent_of(standing)
    assert agent.can(event) == (event in STANDINGS[standing])
    if agent.can(event):
        agent.take(event)
        assert agent.standing is STANDINGS[standing][event]
        return
    with pytest.raises(IllegalTransitionError, match=f"agent a that is {standing.value} cannot be {event.value}"):
        agent.take(event)
    assert agent.standing is standing


@pytest.mark.parametrize("contact", Contact)
@pytest.mark.parametrize("event", ContactEvent)
def test_so_too_whether_it_is_heard(contact: Contact, event: ContactEvent) -> None:
    agent = agent_of(contact=contact)
    if event in CONTACTS[contact]:
        agent.take(event)
        assert agent.contact is CONTACTS[contact][event]
        return
    with pytest.raises(IllegalTransitionError, match=f"agent a that is {contact.value} cannot be {event.value}"):
        agent.take(event)


def test_every_agent_that_works_can_be_lost_and_dropped() -> None:
    for standing in WORKING:
        assert STANDINGS[standing].get(StandingEvent.LOSE) in LOST
        assert standing is Standing.DROPPED or STANDINGS[standing][StandingEvent.DROP] is Standing.DROPPED


def test_an_agent_works_is_lost_or_has_left() -> None:
    assert {*WORKING, *LOST, Standing.LEFT} == set(Standing)
    assert set(ASSIGNABLE) | set(ENLISTED) <= set(WORKING)


def test_a_broken_stream_leads_to_away_and_a_hello_to_returning_from_everywhere() -> None:
    for contact in Contact:
        assert CONTACTS[contact][ContactEvent.HELLO] is Contact.RETURNING
        assert contact is Contact.AWAY or CONTACTS[contact][ContactEvent.HANG_UP] is Contact.AWAY


def test_what_it_stored_says_whether_it_has_the_plan_and_its_rows() -> None:
    agent = agent_of()
    assert not agent.has_job
    agent.provisioned = 2
    assert (agent.has_job, agent.has_rows) == (True, False)
    agent.due_provision = 2
    assert agent.has_rows
