"""Instructions are put together in order, and taken once."""

from fleet_model import hello_of

from gradual_common.protocol.messages import Finish, MasterMessage, Refused
from gradual_master.coordination.events import Close, Note, Send
from gradual_master.coordination.fleet.agent import FleetAgent
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.journal import AgentLost, Journal


def agent_on(stream: int | None) -> FleetAgent:
    return FleetAgent("61", "a", hello_of("a"), 0, stream)


def test_what_was_taken_is_not_given_again() -> None:
    out = Instructions(Journal())
    out.add(Close(1), Close(2))
    assert out.take() == [Close(1), Close(2)]
    assert out.take() == []


def test_what_is_committed_is_in_the_journal_at_once() -> None:
    journal = Journal()
    out = Instructions(journal)
    out.commit(AgentLost("61", "gone"))
    assert journal.decisions == [AgentLost("61", "gone")]
    assert out.take() == []


def test_an_agent_without_a_stream_is_sent_nothing() -> None:
    out = Instructions(Journal())
    out.send(agent_on(None), MasterMessage(ack=1))
    out.finish(agent_on(None), "over")
    assert out.take() == []
    out.send(agent_on(3), MasterMessage(ack=1), ahead=True)
    assert out.take() == [Send(3, MasterMessage(ack=1), ahead=True)]


def test_a_stream_is_closed_after_a_refusal_and_after_the_end() -> None:
    out, agent = Instructions(Journal()), agent_on(3)
    out.refuse(4, "unknown run")
    out.finish(agent, "over")
    assert out.take() == [
        Send(4, MasterMessage(refused=Refused("unknown run"))),
        Close(4),
        Send(3, MasterMessage(finish=Finish("over"))),
        Close(3),
    ]
    assert agent.knows_end


def test_a_note_says_what_belongs_to_it() -> None:
    out = Instructions(Journal())
    out.note("warning", "agent a is lost", agent_on(3), "lost", slots=4)
    out.note("warning", "stopping", is_stop=True)
    about = (("agent", "a"), ("host", "a.host"), ("pid", 7), ("slots", 4))
    assert out.take() == [
        Note("warning", "agent a is lost", about, "lost"),
        Note("warning", "stopping", (), None, is_stop=True),
    ]
