"""What an agent has to tell: each thing once on a stream, and what may be lost on every new one."""

from agent_batches import batch

from gradual_agent.coordination.events import SlotsEnded, WaitingChanged
from gradual_agent.coordination.news import GATHER_NS, AgentNews
from gradual_agent.coordination.outbox import NOTHING
from gradual_common.clock import NEVER
from gradual_common.protocol.messages import AgentMessage, OnceReport, SlotRun, Waiting

NOW = 5_000_000_000
RELEASED, FINISHED = (SlotRun(0, 1, 1, 1),), (SlotRun(0, 7, 1, 1),)
REPORT = OnceReport("setup", batch(1), b"{}")


def on_a_new_stream(news: AgentNews, *, is_leaving: bool = False) -> None:
    news.dial()
    news.repeat((), NOW, is_leaving=is_leaving)


def said(news: AgentNews) -> AgentMessage:
    """What is said at once."""
    return news.put_in(NOTHING)


def test_an_agent_to_which_nothing_happened_has_nothing_to_tell() -> None:
    news = AgentNews()
    assert (said(news), news.put_slots_in(NOTHING, NOW, riding=True)) == (NOTHING, NOTHING)
    assert (news.take_reports(), news.slots_due) == ([], NEVER)


def test_ended_slots_wait_for_others_from_the_first_one_on() -> None:
    news = AgentNews()
    news.note_slots(SlotsEnded(released=RELEASED), NOW)
    news.note_slots(SlotsEnded(finished=FINISHED), NOW + 1)
    assert news.slots_due == NOW + GATHER_NS
    assert news.put_slots_in(NOTHING, NOW + GATHER_NS - 1, riding=False) == NOTHING
    message = news.put_slots_in(NOTHING, NOW + GATHER_NS, riding=False)
    assert message == AgentMessage(released=RELEASED, finished=FINISHED)
    assert news.slots_due == NEVER
    assert news.put_slots_in(NOTHING, NOW + GATHER_NS, riding=True) == NOTHING, "they are told once"


def test_ended_slots_join_what_is_sent_anyway() -> None:
    for message, riding in ((NOTHING, True), (AgentMessage(leaving=True), False)):
        news = AgentNews()
        news.note_slots(SlotsEnded(released=RELEASED), NOW)
        assert news.put_slots_in(message, NOW, riding=riding).released == RELEASED


def test_on_a_new_stream_the_hello_tells_which_slots_were_released_and_all_that_finished_are_told() -> None:
    news = AgentNews()
    news.note_slots(SlotsEnded(RELEASED), NOW)
    news.dial()
    news.repeat(FINISHED, NOW, is_leaving=False)
    assert news.slots_due == NOW
    assert news.put_slots_in(NOTHING, NOW, riding=False) == AgentMessage(finished=FINISHED)


def test_the_first_wish_to_end_the_run_is_told_once_on_each_stream() -> None:
    news = AgentNews()
    news.note_abort("no rows")
    news.note_abort("another")
    assert [said(news).abort, said(news).abort] == ["no rows", ""]
    on_a_new_stream(news)
    assert [said(news).abort, said(news).abort] == ["no rows", ""]


def test_that_the_agent_leaves_is_told_once_on_each_stream() -> None:
    news = AgentNews()
    news.note_leaving()
    assert [said(news).leaving, said(news).leaving] == [True, False]
    on_a_new_stream(news, is_leaving=True)
    assert [said(news).leaving, said(news).leaving] == [True, False]


def test_a_report_is_told_once_on_each_stream() -> None:
    news = AgentNews()
    news.note_report(REPORT)
    assert [news.take_reports(), news.take_reports()] == [[AgentMessage(once=REPORT)], []]
    on_a_new_stream(news)
    assert news.take_reports() == [AgentMessage(once=REPORT)]


def test_who_waits_is_told_when_it_changes_and_on_a_new_stream_where_somebody_still_waits() -> None:
    news = AgentNews()
    two, none = Waiting(0, 0, 2), Waiting(1, 0, 0)
    for _ in range(2):
        news.note_waiting(WaitingChanged((two, none)))
    assert [said(news).waiting, said(news).waiting] == [(two, none), ()]
    on_a_new_stream(news)
    assert said(news).waiting == (two,)
