"""The session with the master: what follows from every event, in every state."""

from dataclasses import dataclass, replace

import pytest
from agent_batches import batch

from gradual_agent.coordination.contact import BURST_PINGS, Redial
from gradual_agent.coordination.events import (
    AbortAsked,
    Adopt,
    CutUsers,
    DialMaster,
    DrainUsers,
    Exit,
    Fetch,
    HangUp,
    Leave,
    MessageReceived,
    OncePerformed,
    PlacesOpened,
    Provisioned,
    Renew,
    Sealed,
    SessionEvent,
    SessionInstruction,
    SessionState,
    SlotsEnded,
    StreamLost,
    WaitingChanged,
    Wake,
)
from gradual_agent.coordination.news import GATHER_NS
from gradual_agent.coordination.session import FLUSH_NS, GREETING_NS, TABLE, Session
from gradual_agent.errors import SessionError
from gradual_common.clock import NEVER
from gradual_common.protocol.messages import (
    PROTOCOL,
    AgentMessage,
    Confirm,
    Expired,
    Finish,
    Goodbye,
    Hello,
    LevelOrder,
    MasterMessage,
    Once,
    OnceReport,
    Orders,
    Ping,
    Pong,
    Refused,
    SlotRun,
    Waiting,
    Welcome,
)

MS = 1_000_000
SECOND = 1000 * MS
LEASE = 10 * SECOND
PATIENCE = 60 * SECOND
JITTER_DELAY = 150 * MS
AHEAD = 500 * SECOND
"""Run time − agent clock in these tests."""

INTRODUCTION = Hello(PROTOCOL, b"i" * 16, "agent-1", "host", 7, "0.1", 0, 100)
WELCOME = Welcome("run-1", 1, LEASE, SECOND, SECOND, 0)


@dataclass
class Users:
    """The users of the process, as the session asks its pool for them."""

    begun: int = 0
    claimed: tuple[SlotRun, ...] = ()
    finished: tuple[SlotRun, ...] = ()


def orders(version: int, epoch: int = 1) -> Orders:
    return Orders(epoch, version, (), (LevelOrder(0, 0, 0, (1,)),), 0, SECOND)


class Agent:
    """A session, its clock, and what happened to it."""

    def __init__(self) -> None:
        self.now = 1000 * SECOND
        self.users = Users()
        self.session = Session(
            INTRODUCTION,
            self.users,  # type: ignore[arg-type]  # all that the session uses of its pool
            lambda: self.users.begun,
            Redial(PATIENCE, lambda: 0.5, self.now),
        )

    def handles(self, event: SessionEvent, after: int = 0) -> list[SessionInstruction]:
        self.now += after
        return self.session.handle(event, self.now)

    def wakes(self, after: int = 0) -> list[SessionInstruction]:
        return self.handles(Wake(), after)

    def receives(self, after: int = 0, stream: int | None = None, **parts: object) -> list[SessionInstruction]:
        number = self.session.stream if stream is None else stream
        return self.handles(MessageReceived(number, MasterMessage(**parts)), after)  # type: ignore[arg-type]

    def pong(self, sent: int, after: int = MS) -> list[SessionInstruction]:
        """The answer to a ping that left at `sent`; the master read its clock half-way back."""
        middle = (sent + self.now + after) // 2
        return self.receives(after, pong=Pong(sent, middle + AHEAD))

    def exchange(self, after: int = 0) -> list[SessionInstruction]:
        """The next ping and its pong."""
        self.wakes(after)
        return self.pong(self.now)

    def runs_until(self, instant: int) -> list[SessionInstruction]:
        """Wake at every deadline, answer nothing; all instructions that followed."""
        instructions: list[SessionInstruction] = []
        while (deadline := self.session.next_deadline) <= instant:
            self.now = max(self.now, deadline)
            instructions += self.session.handle(Wake(), self.now)
        self.now = instant
        return instructions


def greeting() -> Agent:
    agent = Agent()
    agent.wakes()
    return agent


def live() -> Agent:
    """Welcomed, the job stored, the first round trips done, nothing ordered."""
    agent = greeting()
    agent.receives(after=MS, welcome=WELCOME)
    agent.handles(Provisioned(1))
    for _ in range(BURST_PINGS):
        agent.pong(agent.now)
    return agent


def working() -> Agent:
    agent = live()
    agent.receives(orders=orders(1))
    return agent


def of(kind: type[SessionInstruction], instructions: list[SessionInstruction]) -> list[SessionInstruction]:
    return [instruction for instruction in instructions if isinstance(instruction, kind)]


def messages(instructions: list[SessionInstruction]) -> list[AgentMessage]:
    return [instruction for instruction in instructions if isinstance(instruction, AgentMessage)]


def test_the_first_wake_dials_and_says_hello() -> None:
    agent = Agent()
    hello = Hello(PROTOCOL, b"i" * 16, "agent-1", "host", 7, "0.1", 1, 100)
    assert agent.wakes() == [DialMaster(1), AgentMessage(hello=hello)]
    assert agent.session.state is SessionState.GREETING


def test_the_welcome_fetches_the_provisions_and_pings_at_once() -> None:
    agent = greeting()
    instructions = agent.receives(after=MS, welcome=WELCOME)
    assert instructions == [Fetch("run-1"), AgentMessage(ping=Ping(agent.now, 0))]
    assert agent.session.state is SessionState.LIVE


def test_no_answer_to_the_hello_dials_anew() -> None:
    agent = greeting()
    assert agent.wakes(after=GREETING_NS - 1) == []
    assert agent.wakes(after=1) == [HangUp(1, "no answer to the Hello")]
    assert agent.wakes(after=JITTER_DELAY - 1) == []
    assert of(DialMaster, agent.wakes(after=1)) == [DialMaster(2)]


def test_a_refusal_ends_the_process_with_its_reason() -> None:
    agent = greeting()
    assert agent.receives(refused=Refused("too old")) == [Exit(3, "the master refused this agent: too old")]
    assert agent.session.state is SessionState.ENDED
    assert agent.session.next_deadline == NEVER


def test_a_stream_that_does_not_come_about_is_dialled_again_after_jitter() -> None:
    agent = greeting()
    assert agent.handles(StreamLost(1, "refused")) == []
    assert agent.session.next_deadline == agent.now + JITTER_DELAY
    instructions = agent.wakes(after=JITTER_DELAY)
    assert of(DialMaster, instructions) == [DialMaster(2)]
    assert messages(instructions)[0].hello == Hello(PROTOCOL, b"i" * 16, "agent-1", "host", 7, "0.1", 2, 100)


def test_a_wrong_token_ends_an_agent_that_no_master_has_welcomed() -> None:
    agent = greeting()
    denied = StreamLost(agent.session.stream, "unauthenticated: wrong join token", is_denied=True)
    assert agent.handles(denied) == [Exit(3, "the master refused this agent: unauthenticated: wrong join token")]


def test_a_wrong_token_after_a_welcome_is_a_lost_master() -> None:
    """What was measured is kept, until the master is there with its token again or is given up."""
    agent = working()
    agent.handles(StreamLost(1, "reset"))
    agent.wakes(after=JITTER_DELAY)
    assert agent.handles(StreamLost(2, "wrong join token", is_denied=True)) == []
    assert agent.session.state is SessionState.DISCONNECTED


def test_a_master_that_never_comes_is_given_up() -> None:
    agent = Agent()
    start = agent.now
    while agent.session.state is not SessionState.ENDED:
        agent.now = max(agent.now, agent.session.next_deadline)
        instructions = agent.wakes()
        if of(DialMaster, instructions):
            instructions = agent.handles(StreamLost(agent.session.stream, "refused"), after=MS)
    assert instructions[-1] == Exit(3, "no master for 1m: refused")
    assert agent.now == start + PATIENCE


def test_five_quick_round_trips_give_the_offset() -> None:
    agent = greeting()
    agent.receives(welcome=WELCOME)
    for _ in range(BURST_PINGS - 1):
        sent = agent.now
        instructions = agent.pong(sent)
        assert instructions == [Renew(sent + LEASE), AgentMessage(ping=Ping(agent.now, 0))]
    sent = agent.now
    assert agent.pong(sent) == [Adopt(AHEAD), Renew(sent + LEASE)]


def test_orders_wait_for_the_offset() -> None:
    agent = greeting()
    agent.receives(welcome=WELCOME, orders=orders(1))
    agent.handles(Provisioned(1))
    for _ in range(BURST_PINGS - 1):
        assert of(Orders, agent.pong(agent.now)) == []
    instructions = agent.pong(agent.now)
    assert of(Orders, instructions) == [orders(1)]
    assert messages(instructions) == [AgentMessage(confirm=Confirm(1, 1, 1))]


def test_orders_that_wait_are_not_confirmed() -> None:
    agent = greeting()
    instructions = agent.receives(welcome=WELCOME, orders=orders(1))
    instructions += agent.receives(orders=orders(1))
    assert [message.confirm for message in messages(instructions)] == [None]


def test_orders_wait_for_the_job() -> None:
    agent = greeting()
    agent.receives(welcome=WELCOME, orders=orders(1))
    for _ in range(BURST_PINGS):
        assert of(Orders, agent.pong(agent.now)) == []
    assert agent.handles(Provisioned(1)) == [orders(1), AgentMessage(confirm=Confirm(1, 1, 1))]


def test_a_ping_leaves_every_tenth_of_the_lease_with_what_was_begun() -> None:
    agent = live()
    agent.users.begun = 42
    last = agent.now - MS
    assert agent.runs_until(last + SECOND - 1) == []
    assert agent.wakes(after=1) == [AgentMessage(ping=Ping(last + SECOND, 42, AHEAD))]


def test_only_the_stamp_that_a_pong_returns_renews_the_lease() -> None:
    agent = live()
    first = agent.now
    agent.wakes(after=SECOND)
    sent = agent.now
    assert of(Renew, agent.pong(first - 5 * MS)) == []
    assert of(Renew, agent.pong(sent, after=2 * SECOND)) == [Renew(sent + LEASE)]


def test_a_pong_that_waited_longer_than_the_lease_renews_nothing() -> None:
    agent = live()
    stamp = agent.now
    agent.runs_until(agent.now + SECOND)
    agent.session.lease_end = 0
    assert of(Renew, agent.pong(stamp, after=LEASE)) == []


def test_silence_dials_anew_and_the_users_go_on() -> None:
    agent = working()
    heard = agent.now
    instructions = agent.runs_until(heard + 3 * SECOND)
    assert of(HangUp, instructions) == [HangUp(1, "no pong")]
    assert of(CutUsers, instructions) == []
    assert agent.session.state is SessionState.DISCONNECTED


def test_a_stall_of_our_own_is_not_the_masters_silence() -> None:
    agent = working()
    instructions = agent.wakes(after=5 * SECOND)
    assert of(HangUp, instructions) == []
    assert messages(instructions)[0].ping == Ping(agent.now, 0, AHEAD)


def test_nor_is_it_when_something_else_comes_before_the_wake() -> None:
    agent = live()
    agent.exchange(after=SECOND)
    agent.handles(Provisioned(2), after=4 * SECOND)
    assert of(HangUp, agent.wakes()) == []
    assert of(HangUp, agent.runs_until(agent.now + 2 * SECOND)) == [HangUp(1, "no pong")]


def test_at_the_end_of_the_lease_the_users_are_cut_and_a_new_hello_follows() -> None:
    agent = working()
    end = agent.session.lease_end
    agent.handles(StreamLost(1, "reset"))
    while agent.session.next_deadline != end:
        agent.now = agent.session.next_deadline
        if of(DialMaster, agent.wakes()):
            agent.handles(StreamLost(agent.session.stream, "reset"))
    agent.now = end
    assert agent.wakes()[0] == CutUsers("the lease is over")
    assert agent.session.lease_end == 0


def test_a_live_stream_does_not_save_a_lease_that_is_over() -> None:
    agent = working()
    end = agent.session.lease_end
    agent.now = end
    instructions = agent.pong(end - SECOND, after=0)
    assert instructions == [CutUsers("the lease is over"), HangUp(1, "the lease is over")]


def test_expired_cuts_at_once_and_greets_anew() -> None:
    agent = working()
    instructions = agent.receives(expired=Expired("late"))
    reason = "the master says the lease is over: late"
    assert instructions == [CutUsers(reason), HangUp(1, reason)]
    assert of(DialMaster, agent.wakes(after=JITTER_DELAY)) == [DialMaster(2)]


def test_a_pong_of_a_ping_that_has_not_left_yet_is_no_answer() -> None:
    agent = live()
    end = agent.session.lease_end
    assert agent.receives(pong=Pong(agent.now + 1, agent.now + AHEAD)) == []
    assert agent.session.lease_end == end


def test_the_offset_in_use_moves_only_when_the_estimate_has_left_it() -> None:
    agent = live()
    agent.wakes(after=SECOND)
    nearly = Pong(agent.now, agent.now + AHEAD + 500_000)
    assert of(Adopt, agent.receives(after=MS // 2, pong=nearly)) == []
    agent.wakes(after=SECOND)
    stepped = Pong(agent.now, agent.now + AHEAD + SECOND)
    assert of(Adopt, agent.receives(after=0, pong=stepped)) == [Adopt(AHEAD + SECOND)]


def test_newer_orders_are_obeyed_and_confirmed() -> None:
    agent = live()
    instructions = agent.receives(orders=orders(3))
    assert instructions == [orders(3), AgentMessage(confirm=Confirm(1, 3, 1))]


@pytest.mark.parametrize("stale", [orders(2), orders(3), orders(9, epoch=0)])
def test_older_orders_are_dropped_and_the_newer_confirmed_again(stale: Orders) -> None:
    agent = live()
    agent.receives(orders=orders(3))
    assert agent.receives(orders=stale) == [AgentMessage(confirm=Confirm(1, 3, 1))]


def test_a_stored_provision_is_confirmed() -> None:
    agent = live()
    assert agent.handles(Provisioned(2)) == [AgentMessage(confirm=Confirm(0, 0, 2))]


def test_a_new_stream_first_reports_what_is_held_finished_and_in_force() -> None:
    agent = working()
    agent.handles(Provisioned(4))
    agent.users.claimed = (SlotRun(0, 0, 3, 1),)
    agent.users.finished = (SlotRun(0, 5, 1, 1),)
    agent.handles(Sealed(batch(1), 0))
    agent.handles(StreamLost(1, "reset"))
    hello = messages(agent.wakes(after=JITTER_DELAY))[0].hello
    assert hello is not None
    assert (hello.stream, hello.run, hello.epoch, hello.last_batch) == (2, "run-1", 1, 1)
    assert hello.held == agent.users.claimed
    instructions = agent.receives(welcome=WELCOME)
    (message,) = messages(instructions)
    assert message.confirm == Confirm(1, 1, 4)
    assert message.finished == agent.users.finished
    assert [sent.number for sent in message.batches] == [1]


def test_orders_after_a_cut_wait_for_the_new_lease() -> None:
    agent = working()
    agent.receives(expired=Expired("late"))
    agent.wakes(after=JITTER_DELAY)
    assert of(Orders, agent.receives(welcome=WELCOME, orders=orders(2))) == []
    assert agent.pong(agent.now)[:2] == [Renew(agent.now - MS + LEASE), orders(2)]


@pytest.mark.parametrize("foreign", [replace(WELCOME, run="run-2"), replace(WELCOME, epoch=0)])
def test_a_master_that_does_not_know_the_run_makes_the_agent_cut(foreign: Welcome) -> None:
    agent = working()
    agent.handles(StreamLost(1, "reset"))
    agent.wakes(after=JITTER_DELAY)
    instructions = agent.receives(welcome=foreign)
    assert [type(instruction) for instruction in instructions] == [CutUsers, HangUp]
    assert agent.session.state is SessionState.DISCONNECTED


def test_what_comes_on_an_older_stream_is_dropped() -> None:
    agent = working()
    agent.handles(StreamLost(1, "reset"))
    agent.wakes(after=JITTER_DELAY)
    assert agent.receives(stream=1, welcome=WELCOME) == []
    assert agent.handles(StreamLost(1, "again")) == []
    assert agent.session.state is SessionState.GREETING


def test_slots_that_ended_are_collected_and_reported() -> None:
    agent = working()
    runs = SlotRun(0, 1, 1, 1), SlotRun(0, 7, 1, 1)
    assert agent.handles(SlotsEnded(released=runs[:1])) == []
    assert agent.handles(SlotsEnded(finished=runs[1:]), after=MS) == []
    instructions = agent.wakes(after=GATHER_NS - MS)
    assert instructions == [AgentMessage(released=runs[:1], finished=runs[1:])]
    assert agent.session.next_deadline != agent.now


def test_slots_that_ended_ride_on_what_goes_out_anyway() -> None:
    agent = working()
    run = SlotRun(0, 1, 1, 1)
    agent.handles(SlotsEnded(released=(run,)))
    (message,) = messages(agent.handles(Sealed(batch(1), agent.now)))
    assert message.released == (run,)


def test_a_batch_goes_out_at_its_instant_and_a_ping_rides_on_it() -> None:
    agent = working()
    sealed = batch(1)
    at = agent.now + 700 * MS
    assert agent.handles(Sealed(sealed, at)) == []
    assert agent.session.next_deadline == at
    assert agent.wakes(after=700 * MS) == [AgentMessage(ping=Ping(at, 0, AHEAD), batches=(sealed,))]


def test_acknowledged_batches_are_not_sent_again() -> None:
    agent = working()
    for number in (1, 2, 3):
        agent.handles(Sealed(batch(number), agent.now))
    agent.receives(ack=2)
    agent.handles(StreamLost(1, "reset"))
    agent.wakes(after=JITTER_DELAY)
    (message,) = messages(agent.receives(welcome=WELCOME))
    assert [sent.number for sent in message.batches] == [3]


def test_the_welcome_says_what_is_merged_already() -> None:
    agent = working()
    agent.handles(Sealed(batch(1), agent.now))
    agent.handles(StreamLost(1, "reset"))
    agent.wakes(after=JITTER_DELAY)
    (message,) = messages(agent.receives(welcome=replace(WELCOME, last_batch=1)))
    assert message.batches == ()


def test_too_many_unacknowledged_batches_cut_the_users() -> None:
    agent = working()
    for number in range(1, 60):
        assert of(CutUsers, agent.handles(Sealed(batch(number), agent.now))) == []
    instructions = agent.handles(Sealed(batch(60), agent.now))
    assert instructions == [
        CutUsers("too many batches wait for the master"),
        HangUp(1, "too many batches wait for the master"),
    ]


def test_a_master_that_stays_away_is_given_up_naming_what_is_dropped() -> None:
    agent = working()
    agent.handles(Sealed(batch(1), agent.now))
    agent.handles(Sealed(batch(2), agent.now))
    lost = agent.now
    agent.handles(StreamLost(1, "reset"))
    while agent.session.state is not SessionState.ENDED:
        agent.now = agent.session.next_deadline
        instructions = agent.wakes()
        if of(DialMaster, instructions):
            agent.handles(StreamLost(agent.session.stream, "refused"))
    assert instructions == [Exit(3, "no master for 1m: refused", (1, 2))]
    assert agent.now == lost + PATIENCE


def test_finish_ends_the_process_well() -> None:
    agent = working()
    agent.handles(Sealed(batch(1, last=True), agent.now))
    agent.receives(ack=1)
    assert agent.receives(finish=Finish("over"))[-1] == Exit(0, "over")


def test_a_master_that_goes_once_everything_is_merged_ends_it_well_too() -> None:
    agent = working()
    agent.handles(Sealed(batch(1, last=True), agent.now))
    agent.receives(ack=1)
    assert agent.handles(StreamLost(1, "closed"))[-1] == Exit(0, "everything is merged")


def test_an_agent_that_has_no_orders_leaves_at_once() -> None:
    agent = live()
    instructions = agent.handles(Leave())
    assert messages(instructions) == [AgentMessage(goodbye=Goodbye("asked to stop"))]
    assert instructions[-1] == Exit(0, "asked to stop")


def test_an_agent_whose_schedule_has_not_begun_leaves_at_once_too() -> None:
    agent = live()
    agent.receives(orders=Orders(1, 1, (), (), 0, SECOND))
    assert agent.handles(Leave())[-1] == Exit(0, "asked to stop")


def test_an_agent_without_a_stream_and_orders_leaves_without_a_word() -> None:
    assert Agent().handles(Leave()) == [Exit(0, "asked to stop")]


def test_the_first_signal_drains_and_goodbye_follows_the_last_acknowledgement() -> None:
    agent = working()
    assert agent.handles(Leave()) == [DrainUsers("asked to stop"), AgentMessage(leaving=True)]
    sealed = batch(1, last=True)
    assert messages(agent.handles(Sealed(sealed, agent.now))) == [AgentMessage(batches=(sealed,))]
    instructions = agent.receives(ack=1)
    assert messages(instructions) == [AgentMessage(goodbye=Goodbye("asked to stop"))]
    assert of(Exit, instructions) == [Exit(0, "asked to stop")]


def test_the_second_signal_cuts_and_little_time_is_left() -> None:
    agent = working()
    agent.handles(Leave())
    assert agent.handles(Leave()) == [CutUsers("asked to stop at once")]
    agent.handles(Sealed(batch(1, last=True), agent.now))
    instructions = agent.runs_until(agent.now + FLUSH_NS)
    assert instructions[-1] == Exit(3, "stopped before everything was delivered", (1,))


def test_the_third_signal_ends_at_once() -> None:
    agent = working()
    agent.handles(Leave())
    agent.handles(Leave())
    assert agent.handles(Leave())[-1] == Exit(3, "asked to stop for the third time")


def test_nothing_happens_after_the_end() -> None:
    agent = live()
    agent.handles(Leave())
    assert agent.receives(welcome=WELCOME) == []
    assert agent.handles(Sealed(batch(1), 0)) == []


def test_an_event_that_the_state_does_not_know_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(TABLE[SessionState.LIVE], Provisioned)
    with pytest.raises(SessionError, match="live knows no Provisioned"):
        live().handles(Provisioned(1))


def test_slots_that_end_without_a_stream_are_missing_from_the_next_hello_and_not_reported_again() -> None:
    agent = working()
    agent.handles(StreamLost(1, "reset"))
    agent.handles(SlotsEnded(released=(SlotRun(0, 0, 1, 1),)))
    agent.wakes(after=JITTER_DELAY)
    instructions = agent.receives(after=GATHER_NS, welcome=WELCOME)
    assert [message.released for message in messages(instructions)] == [()]


def test_the_table_has_these_moves_and_no_other() -> None:
    moves = {
        state: {reaction.to or state for reactions in row.values() for reaction in reactions} - {state}
        for state, row in TABLE.items()
    }
    away = {SessionState.DISCONNECTED, SessionState.ENDED}
    assert moves == {
        SessionState.DISCONNECTED: {SessionState.GREETING, SessionState.ENDED},
        SessionState.GREETING: {SessionState.LIVE, *away},
        SessionState.LIVE: away,
        SessionState.ENDED: set(),
    }


def test_a_user_that_asks_for_the_end_of_the_run_is_heard_at_once_and_on_every_new_stream() -> None:
    agent = working()
    assert agent.handles(AbortAsked("no rows")) == [AgentMessage(abort="no rows")]
    assert agent.handles(AbortAsked("again")) == []
    agent.handles(StreamLost(1, "reset"))
    agent.wakes(JITTER_DELAY)
    said = [message.abort for message in agent.receives(welcome=WELCOME) if isinstance(message, AgentMessage)]
    assert said == ["no rows"]
    assert all(message.abort == "" for message in agent.wakes(LEASE // 10) if isinstance(message, AgentMessage))


def test_without_a_master_the_wish_waits() -> None:
    agent = working()
    agent.handles(StreamLost(1, "reset"))
    assert agent.handles(AbortAsked("no rows")) == []
    agent.wakes(JITTER_DELAY)
    agent.handles(AbortAsked("another"))
    said = [message.abort for message in agent.receives(welcome=WELCOME) if isinstance(message, AgentMessage)]
    assert said == ["no rows"]


SETUP_REPORT = OnceReport("setup", batch(1), b"{}")
TEARDOWN_REPORT = OnceReport("teardown", batch(1), failure="no")


def test_a_set_up_waits_for_the_job_and_a_lease_and_is_begun_once() -> None:
    agent = greeting()
    agent.receives(after=MS, welcome=WELCOME)
    assert Once("setup") not in agent.receives(once=Once("setup"))
    agent.handles(Provisioned(1))
    begun = [instruction for _ in range(BURST_PINGS) for instruction in agent.pong(agent.now)]
    assert begun.count(Once("setup")) == 1
    assert Once("setup") not in agent.receives(once=Once("setup"))


def test_its_report_is_said_at_once_and_on_every_new_stream() -> None:
    agent = live()
    agent.receives(once=Once("setup"))
    assert agent.handles(OncePerformed(SETUP_REPORT)) == [AgentMessage(once=SETUP_REPORT)]
    agent.receives(once=Once("teardown", b"{}"))
    agent.handles(StreamLost(1, "reset"))
    assert agent.handles(OncePerformed(TEARDOWN_REPORT)) == []
    agent.wakes(JITTER_DELAY)
    said = [message.once for message in agent.receives(welcome=WELCOME) if isinstance(message, AgentMessage)]
    assert [report for report in said if report] == [SETUP_REPORT, TEARDOWN_REPORT]
    assert agent.receives(once=Once("teardown")) == [], "the master has not read it yet"


def test_a_set_up_that_was_not_begun_is_forgotten_with_its_stream() -> None:
    agent = greeting()
    agent.receives(after=MS, welcome=WELCOME)
    agent.receives(once=Once("setup"))
    agent.handles(StreamLost(1, "reset"))
    agent.handles(Provisioned(1))
    agent.wakes(JITTER_DELAY)
    agent.receives(welcome=WELCOME)
    begun = [instruction for _ in range(BURST_PINGS) for instruction in agent.pong(agent.now)]
    assert Once("setup") not in begun, "the master says it again, if it still wants it"
    assert Once("setup") in agent.receives(once=Once("setup"))


def test_a_set_up_that_is_to_end_is_ended_whether_it_has_begun_or_waits() -> None:
    agent = live()
    agent.receives(once=Once("setup"))
    assert Once("setup", ends=True) in agent.receives(once=Once("setup", ends=True))
    waiting = greeting()
    waiting.receives(after=MS, welcome=WELCOME)
    waiting.receives(once=Once("setup"))
    waiting.receives(once=Once("setup", ends=True))
    waiting.handles(Provisioned(1))
    begun = [instruction for _ in range(BURST_PINGS) for instruction in waiting.pong(waiting.now)]
    assert Once("setup") not in begun


def test_an_agent_that_performs_the_teardown_does_not_end_before_it() -> None:
    agent = working()
    agent.handles(Sealed(batch(1, last=True), agent.now))
    agent.receives(ack=1)
    assert Once("teardown") in agent.receives(once=Once("teardown"))
    assert not any(isinstance(instruction, Exit) for instruction in agent.handles(Leave()))
    assert agent.handles(OncePerformed(TEARDOWN_REPORT)) == [
        AgentMessage(once=TEARDOWN_REPORT),
        AgentMessage(goodbye=Goodbye("asked to stop")),
        CutUsers("asked to stop"),
        Exit(0, "asked to stop"),
    ]


def test_an_agent_that_has_torn_down_dials_again_if_it_may_not_have_been_heard() -> None:
    agent = working()
    agent.handles(Sealed(batch(1, last=True), agent.now))
    agent.receives(ack=1)
    agent.receives(once=Once("teardown"))
    agent.handles(OncePerformed(TEARDOWN_REPORT))
    agent.handles(StreamLost(1, "reset"))
    assert agent.session.state is SessionState.DISCONNECTED
    agent.wakes(JITTER_DELAY)
    assert AgentMessage(once=TEARDOWN_REPORT) in agent.receives(welcome=WELCOME)
    assert agent.receives(finish=Finish("over"))[-1] == Exit(0, "over")


def test_who_waits_at_a_place_is_said_once_and_what_still_holds_again_on_each_new_stream() -> None:
    agent = working()
    two, none = Waiting(0, 0, 2), Waiting(1, 0, 0)
    assert agent.handles(WaitingChanged((two, none))) == [AgentMessage(waiting=(two, none))]
    assert agent.handles(WaitingChanged((two, none))) == []
    assert agent.receives(rounds=(1, 0)) == [PlacesOpened((1, 0))]
    agent.handles(StreamLost(1, "reset"))
    three = Waiting(0, 1, 3)
    assert agent.handles(WaitingChanged((three, none))) == []
    agent.wakes(JITTER_DELAY)
    said = [message.waiting for message in agent.receives(welcome=WELCOME) if isinstance(message, AgentMessage)]
    assert said == [(three,)]
