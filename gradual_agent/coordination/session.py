"""The agent's session with its master, decided without I/O (DESIGN 4.2–4.6, 4.11, 5).

    disconnected ──dial──▶ greeting ──welcome──▶ live ──┐
         ▲                    │                    │    │ finish, refused, left, patience over
         └─────stream ended───┴────────────────────┘    ▼
                                                       ended

`TABLE`, at the end, is the life cycle: in each state, what follows from each event, and the state after it. A message
of the master is read part by part, each of them an event of its own. `handle(event, now)` takes the agent's clock (ns)
and returns instructions in the order in which they are to be carried out; `next_deadline` says when `Wake` is due.

Three rules hold in every state and are looked at before any event (`WATCHED`): the lease ends by itself, and then the
users are cut; a master that stays away for `master_wait` is given up; a second signal leaves little time. Only a pong
renews the lease, and only from the stamp it returns, so one that waited in a buffer renews nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

from gradual_agent.coordination import events
from gradual_agent.coordination.offset import OffsetEstimate
from gradual_agent.coordination.outbox import Outbox
from gradual_agent.coordination.packing import NOTHING, pack
from gradual_agent.coordination.pinging import Pinging
from gradual_agent.coordination.pool import SlotPool
from gradual_agent.coordination.reactions import Reaction, Row, SessionState, on
from gradual_agent.coordination.redial import Redial, Waiting
from gradual_agent.errors import SessionError
from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.protocol.messages import (
    AgentMessage,
    Confirm,
    Expired,
    Finish,
    Goodbye,
    Hello,
    MasterMessage,
    Orders,
    Ping,
    Pong,
    Refused,
    SlotRun,
    Welcome,
)
from gradual_common.units import format_duration

GREETING_NS = 5 * NS_PER_S
"""How long a master may take to answer a Hello before the agent dials anew."""

FLUSH_NS = 5 * NS_PER_S
"""How long an agent that was told twice to end tries to deliver what it has."""

GATHER_NS = 50 * NS_PER_MS
"""How long ended slots wait for others, so that users ending one by one are not a message each."""

OFFSET_SLACK_NS = NS_PER_MS
"""The offset in use moves only when the estimate has left it by more: intervals and levels do not jitter."""


Instructions: TypeAlias = list[events.SessionInstruction]


class Session:
    """One agent's side of the control stream.

    `introduction` is the Hello of a process that holds nothing; `begun()` are the requests begun so far; `jitter()`
    gives numbers in [0, 1) that spread the dialling.
    """

    def __init__(
        self,
        introduction: Hello,
        pool: SlotPool,
        begun: Callable[[], int],
        *,
        master_wait: int,
        jitter: Callable[[], float],
        now: int,
    ) -> None:
        self.state = SessionState.DISCONNECTED
        self.stream = 0
        self.outbox = Outbox(Outbox.bound(0, 1))
        self.offset: int | None = None
        """Run time − agent clock, ns; None before the first round trips."""
        self.welcome: Welcome | None = None
        self.lease_end = 0
        """On the agent's clock, ns; 0 while none is held."""
        self._introduction = introduction
        self._pool = pool
        self._begun = begun
        self._redial = Redial(master_wait, jitter, now)
        self._estimate = OffsetEstimate()
        self._pinging = Pinging()
        self._greeted_at = 0
        self._released: tuple[SlotRun, ...] = ()
        self._finished: tuple[SlotRun, ...] = ()
        self._slots_due: int | None = None  # when those two are sent
        self._orders: Orders | None = None
        """Those that wait for the job, the offset or a lease."""
        self._in_force = (0, 0)
        self._confirms = False  # the next message says what is in force and provisioned
        self._is_scheduled = False
        """Levels have been ordered: there is something to drain and to deliver."""
        self._provisioned = 0
        self._last_sealed = 0
        self._has_sealed_last = False
        self._signals = 0
        self._says_leaving = False
        self._flush_by: int | None = None

    @property
    def next_deadline(self) -> int | None:
        """The agent clock at which `Wake` is due; None once the session has ended."""
        if self.state is SessionState.ENDED:
            return None
        deadlines = [self.lease_end or None, self._redial.give_up_at, self._flush_by, *self._deadlines_of_state()]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _deadlines_of_state(self) -> list[int | None]:
        if self.state is SessionState.DISCONNECTED:
            return [self._redial.next_at]
        if self.state is SessionState.GREETING:
            return [self._greeted_at + GREETING_NS]
        return [self._pinging.next_at, self._pinging.silence_deadline, self.outbox.next_due, self._slots_due]

    def waiting(self, now: int) -> Waiting | None:
        """What is to be said of a master that is away; None when there is nothing to say just now."""
        return self._redial.notice(now) if self.state is SessionState.DISCONNECTED else None

    def handle(self, event: events.SessionEvent, now: int) -> Instructions:
        """Take in an event at agent clock `now`; what is to be done, in order."""
        instructions: Instructions = []
        for rule in WATCHED:
            if self.state is not SessionState.ENDED:
                instructions += self._apply((rule,), event, now)
        for part in self._parts(event):
            instructions += self._take(part, now)
        if self.state is SessionState.LIVE:
            instructions += self._flush(now)
            instructions += self._apply((GOODBYE,), event, now)
        return instructions

    def _parts(self, event: events.SessionEvent) -> Iterator[object]:
        """The event, or what a message says, for as long as that counts."""
        parts = self._read(event.message) if isinstance(event, events.MessageReceived) else [event]
        for part in parts:
            if self._counts(event):
                yield part

    def _counts(self, event: events.SessionEvent) -> bool:
        """What comes on an older stream, or after the end, is dropped."""
        if self.state is SessionState.ENDED:
            return False
        return not isinstance(event, events.MessageReceived | events.StreamLost) or (
            event.stream == self.stream and self.state is not SessionState.DISCONNECTED
        )

    def _read(self, message: MasterMessage) -> list[object]:
        """The parts of a message. The first one of a stream is a Welcome, or says why there is none."""
        ack = events.Acknowledged(message.ack) if message.ack else None
        said: list[object] = [message.welcome] if self.state is SessionState.GREETING else []
        if self.state is SessionState.LIVE or message.welcome is not None:
            said += [message.pong, ack, message.orders]
        said += [message.refused, message.expired, message.finish]
        return [part for part in said if part is not None]

    def _take(self, event: object, now: int) -> Instructions:
        rules = TABLE[self.state].get(type(event))
        if rules is None:
            raise SessionError(f"a session that is {self.state.value} knows no {type(event).__name__}")
        return self._apply(rules, event, now)

    def _apply(self, rules: tuple[Reaction[Any, Any], ...], event: object, now: int) -> Instructions:
        for rule in rules:
            if rule.when(self, event, now):
                instructions = rule.act(self, event, now)
                self.state = rule.to
                return instructions
        return []

    def _is_time_to_dial(self, _: events.Wake, now: int) -> bool:
        return now >= self._redial.next_at

    def _dial(self, _: events.Wake, now: int) -> Instructions:
        self.stream += 1
        self._greeted_at = now
        self._released, self._orders = (), None
        self.outbox.rewind()
        return [events.DialMaster(self.stream), events.SendMessage(AgentMessage(hello=self._hello()))]

    def _hello(self) -> Hello:
        hello = replace(self._introduction, stream=self.stream, last_batch=self._last_sealed, held=self._pool.claimed)
        return hello if self.welcome is None else replace(hello, run=self.welcome.run, epoch=self.welcome.epoch)

    def _is_unanswered(self, _: events.Wake, now: int) -> bool:
        return now >= self._greeted_at + GREETING_NS

    def _hang_up_unanswered(self, _: events.Wake, now: int) -> Instructions:
        return self._hang_up("no answer to the Hello", now)

    def _is_foreign(self, welcome: Welcome, _: int) -> bool:
        """Another run than ours, or a master that is behind what we know (DESIGN 4.10)."""
        known = self.welcome
        return known is not None and (welcome.run != known.run or welcome.epoch < known.epoch)

    def _turn_away(self, _: Welcome, now: int) -> Instructions:
        return self._cut_or_hang_up("the master does not know this run", now)

    def _take_welcome(self, welcome: Welcome, now: int) -> Instructions:
        self.welcome = welcome
        self._redial.found()
        self._pinging.begin(welcome.lease, now)
        self._says_leaving = self._signals > 0
        self._finished, self._slots_due = self._pool.finished, now
        self._confirms = self._in_force != (0, 0) or self._provisioned > 0
        self.outbox.resize(Outbox.bound(welcome.lease, welcome.interval))
        self.outbox.acknowledge(welcome.last_batch)
        return [events.Fetch(welcome.run)]

    def _is_silent(self, _: events.Wake, now: int) -> bool:
        return self._pinging.is_silent(now)

    def _hang_up_silent(self, _: events.Wake, now: int) -> Instructions:
        return self._hang_up("no pong", now)

    def _take_pong(self, pong: Pong, now: int) -> Instructions:
        if pong.stamp > now:
            return []
        self._pinging.answer(now)
        instructions = self._adopt_offset(self._estimate.observe(pong.stamp, now, pong.now))
        until = pong.stamp + (self.welcome.lease if self.welcome else 0)
        if until > max(now, self.lease_end):
            self.lease_end = until
            instructions.append(events.Renew(until))
        return instructions + self._obey_waiting()

    def _adopt_offset(self, anew: bool) -> Instructions:
        """Use the estimate once the first round trips are in, and again when it has moved."""
        estimate = self._estimate.value
        if estimate is None or (self.offset is None and self._pinging.is_bursting):
            return []
        if self.offset is not None and not anew and abs(estimate - self.offset) <= OFFSET_SLACK_NS:
            return []
        self.offset = estimate
        return [events.Adopt(estimate)]

    def _acknowledge(self, ack: events.Acknowledged, _: int) -> Instructions:
        self.outbox.acknowledge(ack.number)
        return []

    def _take_orders(self, orders: Orders, _: int) -> Instructions:
        """Newer orders replace what is in force or waits; others are dropped, and what is in force said again."""
        known = version_of(self._orders) if self._orders else self._in_force
        if version_of(orders) <= known:
            self._confirms = self._confirms or self._orders is None
            return []
        self._orders = orders
        return self._obey_waiting()

    def _obey_waiting(self) -> Instructions:
        """Orders wait for the job, for the offset, and for a lease: without one no user may send."""
        if self._orders is None or self.offset is None or not (self.lease_end and self._provisioned):
            return []
        orders, self._orders = self._orders, None
        self._in_force = version_of(orders)
        self._confirms = True
        self._is_scheduled = self._is_scheduled or bool(orders.levels)
        return [events.Obey(orders)]

    def _end_refused(self, refused: Refused, _: int) -> Instructions:
        return self._exit(3, f"the master refused this agent: {refused.reason}")

    def _end_lease(self, expired: Expired, now: int) -> Instructions:
        return self._cut_or_hang_up(f"the master says the lease is over: {expired.reason}", now)

    def _end_finished(self, finish: Finish, _: int) -> Instructions:
        return self._exit(0, finish.reason)

    def _lose_stream(self, _: events.StreamLost, now: int) -> Instructions:
        self._redial.lost(now)
        return []

    def _is_merged(self, _: events.StreamLost, __: int) -> bool:
        return self._is_delivered

    def _end_merged(self, _: events.StreamLost, __: int) -> Instructions:
        return self._exit(0, "everything is merged")

    def _overflows(self, event: events.Sealed, _: int) -> bool:
        return bool(self.lease_end) and self.outbox.is_full_with(event.batch)

    def _keep(self, event: events.Sealed, _: int) -> Instructions:
        self.outbox.put(event.batch, event.send_at)
        self._last_sealed = event.batch.number
        self._has_sealed_last = event.batch.last
        return []

    def _keep_and_cut(self, event: events.Sealed, now: int) -> Instructions:
        return self._keep(event, now) + self._cut("too many batches wait for the master", now)

    def _note_provision(self, event: events.Provisioned, _: int) -> Instructions:
        self._provisioned = max(self._provisioned, event.sequence)
        self._confirms = True
        return self._obey_waiting()

    def _note_slots(self, event: events.SlotsEnded, now: int) -> Instructions:
        """Sent on the present stream: its Hello said what was held, and its first message what has finished."""
        self._slots_due = self._slots_due or now + GATHER_NS
        self._released += event.released
        self._finished += event.finished
        return []

    def _pass_over(self, _: object, __: int) -> Instructions:
        return []

    def _has_nothing_to_do(self, _: events.Leave, __: int) -> bool:
        return not self._is_scheduled

    def _is_first_signal(self, _: events.Leave, __: int) -> bool:
        return self._signals == 0

    def _is_second_signal(self, _: events.Leave, __: int) -> bool:
        return self._signals == 1

    def _drain(self, _: events.Leave, __: int) -> Instructions:
        self._signals = 1
        self._says_leaving = True
        return [events.DrainUsers("told to end")]

    def _cut_to_leave(self, _: events.Leave, now: int) -> Instructions:
        self._signals = 2
        self._flush_by = now + FLUSH_NS
        return [events.CutUsers("told to end at once")]

    def _quit(self, _: events.Leave, __: int) -> Instructions:
        return self._exit(3, "told to end for the third time")

    def _has_left(self, _: object, __: int) -> bool:
        return self._signals > 0 and self._is_delivered

    def _say_goodbye(self, _: object, __: int) -> Instructions:
        goodbye: Instructions = [events.SendMessage(AgentMessage(goodbye=Goodbye("told to end")))]
        return (goodbye if self.state is SessionState.LIVE else []) + self._exit(0, "told to end")

    def _is_flush_over(self, _: object, now: int) -> bool:
        return self._flush_by is not None and now >= self._flush_by

    def _give_up_flushing(self, _: object, __: int) -> Instructions:
        return self._exit(3, "stopped before everything was delivered")

    def _is_lease_over(self, _: object, now: int) -> bool:
        return self.lease_end > 0 and now >= self.lease_end

    def _cut_by_lease(self, _: object, now: int) -> Instructions:
        return self._cut("the lease is over", now)

    def _is_patience_over(self, _: object, now: int) -> bool:
        return self._redial.is_over(now)

    def _give_up_master(self, _: object, __: int) -> Instructions:
        return self._exit(3, f"no master for {format_duration(self._redial.patience)}")

    @property
    def _is_delivered(self) -> bool:
        """The last batch is sealed, and everything is acknowledged."""
        return self._has_sealed_last and not self.outbox.numbers

    def _flush(self, now: int) -> Instructions:
        """All that is due, in as few messages as the bound allows."""
        message = AgentMessage(
            confirm=Confirm(*self._in_force, self._provisioned) if self._confirms else None, leaving=self._says_leaving
        )
        batches = self.outbox.take(now)
        self._confirms = self._says_leaving = False
        if self._slots_due is not None and (now >= self._slots_due or batches or message != NOTHING):
            message = replace(message, released=self._released, finished=self._finished)
            self._released, self._finished, self._slots_due = (), (), None
        if self._pinging.is_due(now, riding=bool(batches) or message != NOTHING):
            message = replace(message, ping=Ping(now, self._begun(), self.offset or 0))
            self._pinging.ping(now)
        return [events.SendMessage(one) for one in pack(message, batches)]

    def _hang_up(self, reason: str, now: int) -> Instructions:
        """Give up the stream, if there is one, and dial a new one."""
        if self.state is SessionState.DISCONNECTED:
            return []
        self._redial.lost(now)
        return [events.HangUp(self.stream, reason)]

    def _cut(self, reason: str, now: int) -> Instructions:
        """End all users and greet anew without any."""
        self.lease_end = 0
        return [events.CutUsers(reason), *self._hang_up(reason, now)]

    def _cut_or_hang_up(self, reason: str, now: int) -> Instructions:
        """Without a lease there is nobody to cut."""
        return self._cut(reason, now) if self.lease_end else self._hang_up(reason, now)

    def _exit(self, code: int, reason: str) -> Instructions:
        cut: Instructions = [events.CutUsers(reason)] if self.lease_end else []
        self.lease_end = 0
        return [*cut, events.Exit(code, reason, self.outbox.numbers)]


def version_of(orders: Orders) -> tuple[int, int]:
    """What orders are compared by."""
    return orders.epoch, orders.version


def own_events(state: SessionState) -> list[Row]:
    """What the agent itself does, whether the master is there or not."""
    return [
        on(
            events.Sealed,
            Reaction(Session._keep_and_cut, SessionState.DISCONNECTED, Session._overflows),
            Reaction(Session._keep, state),
        ),
        on(events.Provisioned, Reaction(Session._note_provision, state)),
        on(
            events.Leave,
            Reaction(Session._say_goodbye, SessionState.ENDED, Session._has_nothing_to_do),
            Reaction(Session._drain, state, Session._is_first_signal),
            Reaction(Session._cut_to_leave, state, Session._is_second_signal),
            Reaction(Session._quit, SessionState.ENDED),
        ),
    ]


ENDINGS = [
    on(Refused, Reaction(Session._end_refused, SessionState.ENDED)),
    on(Expired, Reaction(Session._end_lease, SessionState.DISCONNECTED)),
    on(Finish, Reaction(Session._end_finished, SessionState.ENDED)),
    on(
        events.StreamLost,
        Reaction(Session._end_merged, SessionState.ENDED, Session._is_merged),
        Reaction(Session._lose_stream, SessionState.DISCONNECTED),
    ),
]
"""How a stream ends, by what the master says or without a word."""

TABLE: dict[SessionState, dict[type[Any], tuple[Reaction[Any, Any], ...]]] = {
    SessionState.DISCONNECTED: dict(
        [
            on(events.Wake, Reaction(Session._dial, SessionState.GREETING, Session._is_time_to_dial)),
            on(events.SlotsEnded, Reaction(Session._pass_over, SessionState.DISCONNECTED)),
            *own_events(SessionState.DISCONNECTED),
        ]
    ),
    SessionState.GREETING: dict(
        [
            on(events.Wake, Reaction(Session._hang_up_unanswered, SessionState.DISCONNECTED, Session._is_unanswered)),
            on(
                Welcome,
                Reaction(Session._turn_away, SessionState.DISCONNECTED, Session._is_foreign),
                Reaction(Session._take_welcome, SessionState.LIVE),
            ),
            on(events.SlotsEnded, Reaction(Session._note_slots, SessionState.GREETING)),
            *ENDINGS,
            *own_events(SessionState.GREETING),
        ]
    ),
    SessionState.LIVE: dict(
        [
            on(events.Wake, Reaction(Session._hang_up_silent, SessionState.DISCONNECTED, Session._is_silent)),
            on(Pong, Reaction(Session._take_pong, SessionState.LIVE)),
            on(events.Acknowledged, Reaction(Session._acknowledge, SessionState.LIVE)),
            on(Orders, Reaction(Session._take_orders, SessionState.LIVE)),
            on(events.SlotsEnded, Reaction(Session._note_slots, SessionState.LIVE)),
            *ENDINGS,
            *own_events(SessionState.LIVE),
        ]
    ),
    SessionState.ENDED: {},
}

WATCHED: tuple[Reaction[Session, object], ...] = (
    Reaction(Session._give_up_flushing, SessionState.ENDED, Session._is_flush_over),
    Reaction(Session._cut_by_lease, SessionState.DISCONNECTED, Session._is_lease_over),
    Reaction(Session._give_up_master, SessionState.ENDED, Session._is_patience_over),
)
"""Holds in every state but the last, whatever the event."""

GOODBYE: Reaction[Session, object] = Reaction(Session._say_goodbye, SessionState.ENDED, Session._has_left)
"""Follows the last acknowledgement of an agent that was told to end."""
