"""What an agent is to the run, and whether it is heard: two tables, and what they do not allow."""

import pytest
from fleet_model import hello_of

from gradual_master.coordination.fleet.agent import (
    ASSIGNABLE,
    ENLISTED,
    LINK_STATES,
    LOST,
    MEMBER_STATES,
    WORKING,
    FleetAgent,
    LinkEvent,
    LinkState,
    MemberEvent,
    MemberState,
)
from gradual_master.errors import IllegalTransitionError


def agent_of(state: MemberState = MemberState.JOINING, link: LinkState = LinkState.HERE) -> FleetAgent:
    return FleetAgent("61", "a", hello_of("a"), 0, 1, state, link)


STORIES = [
    ("works to the end of the run", "enlisted", MemberState.WORKING),
    ("ends by a drain", "enlisted, asked to end, let go", MemberState.LEFT),
    ("is asked to end before it was given anything", "asked to end, let go", MemberState.LEFT),
    ("is asked to end just before slots are assigned", "asked to end, enlisted, let go", MemberState.LEFT),
    ("is lost and back", "enlisted, lost, taken back", MemberState.WORKING),
    ("is lost in a drain and back", "enlisted, asked to end, lost, taken back", MemberState.LEAVING),
    ("is asked to end while it is lost", "enlisted, lost, asked to end, taken back, let go", MemberState.LEFT),
    ("is lost before the load and back", "enlisted, lost before the load, taken back", MemberState.JOINING),
    ("cannot be understood", "enlisted, dropped, lost", MemberState.LOST),
]


@pytest.mark.parametrize(("story", "events", "end"), STORIES, ids=[story for story, *_ in STORIES])
def test_an_agent(story: str, events: str, end: MemberState) -> None:
    agent = agent_of()
    for event in events.split(", "):
        agent.take(MemberEvent(event))
    assert agent.state is end


@pytest.mark.parametrize("state", MemberState)
@pytest.mark.parametrize("event", MemberEvent)
def test_a_transition_that_the_table_lacks_names_agent_standing_and_event(
    state: MemberState, event: MemberEvent
) -> None:
    agent = agent_of(state)
    assert agent.can(event) == (event in MEMBER_STATES[state])
    if agent.can(event):
        agent.take(event)
        assert agent.state is MEMBER_STATES[state][event]
        return
    with pytest.raises(IllegalTransitionError, match=f"agent a that is {state.value} cannot be {event.value}"):
        agent.take(event)
    assert agent.state is state


@pytest.mark.parametrize("link", LinkState)
@pytest.mark.parametrize("event", LinkEvent)
def test_whether_it_is_heard_is_a_table_too(link: LinkState, event: LinkEvent) -> None:
    agent = agent_of(link=link)
    if event in LINK_STATES[link]:
        agent.take(event)
        assert agent.link is LINK_STATES[link][event]
        return
    with pytest.raises(IllegalTransitionError, match=f"agent a that is {link.value} cannot be {event.value}"):
        agent.take(event)


def test_every_agent_that_works_can_be_lost_and_dropped() -> None:
    for state in WORKING:
        assert MEMBER_STATES[state].get(MemberEvent.LOSE) in LOST
        assert state is MemberState.DROPPED or MEMBER_STATES[state][MemberEvent.DROP] is MemberState.DROPPED


def test_an_agent_works_is_lost_or_has_left() -> None:
    assert {*WORKING, *LOST, MemberState.LEFT} == set(MemberState)
    assert set(ASSIGNABLE) | set(ENLISTED) <= set(WORKING)


def test_a_broken_stream_leads_to_away_and_a_hello_to_returning_from_everywhere() -> None:
    for link in LinkState:
        assert LINK_STATES[link][LinkEvent.HELLO] is LinkState.RETURNING
        assert link is LinkState.AWAY or LINK_STATES[link][LinkEvent.HANG_UP] is LinkState.AWAY


def test_what_it_stored_says_whether_it_has_the_plan_and_its_rows() -> None:
    agent = agent_of()
    assert not agent.has_job
    agent.provisioned = 2
    assert (agent.has_job, agent.has_rows) == (True, False)
    agent.due_provision = 2
    assert agent.has_rows
