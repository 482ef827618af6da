"""The agent's session with its master, decided without I/O (docs/design/fleet.md, 4.2–4.6, 4.11, 5).

    disconnected ──dial──▶ greeting ──welcome──▶ live ──┐
         ▲                    │                    │    │ finish, refused, left, patience over
         └─────stream ended───┴────────────────────┘    ▼
                                                       ended

`TABLE`, at the end, is the life cycle. A row is read: in this state, at this event, do `act` and go to the state `to`,
if `when` holds. Each part of a master's message is an event of its own. `handle(event, now)` takes the agent's clock
(ns) and returns instructions in the order in which they are to be carried out; `next_deadline` says when `Wake` is due.

Three rules hold in every state and are checked before any event (`WATCHED`): when the lease ends, the users are cut;
a master that stays away for `master_wait` is given up; after a second signal little time is left. Only a pong renews
the lease, and the lease counts from the stamp that the pong returns, so a pong that waited in a buffer renews nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

from gradual_agent.coordination import events
from gradual_agent.coordination.contact import OffsetInUse, Pinging, Redial
from gradual_agent.coordination.duties import AgentDuties
from gradual_agent.coordination.events import DISCONNECTED, ENDED, GREETING, LIVE, Reaction, Rows, always, notes, on
from gradual_agent.coordination.news import AgentNews
from gradual_agent.coordination.outbox import NOTHING, Outbox, pack
from gradual_agent.coordination.pool import SlotPool
from gradual_agent.coordination.supplies import AgentSupplies
from gradual_agent.errors import SessionError
from gradual_common.clock import NEVER, NS_PER_S
from gradual_common.language.document import TEARDOWN
from gradual_common.protocol.messages import (
    AgentMessage,
    DealtBlock,
    Expired,
    Finish,
    Goodbye,
    Hello,
    Once,
    Orders,
    Ping,
    Pong,
    Refused,
    Welcome,
)
from gradual_common.units import format_duration

GREETING_NS = 5 * NS_PER_S
"""How long a master may take to answer a Hello before the agent dials again."""

FLUSH_NS = 5 * NS_PER_S
"""How long an agent that was asked twice to stop tries to deliver its batches."""

Instructions: TypeAlias = list[events.SessionInstruction]
Condition: TypeAlias = "Callable[[Session, Any, int], bool]"


class Session:
    """One agent's side of the control stream.

    `introduction` is the Hello of a process that holds nothing; `begun()` are the requests begun so far.
    """

    def __init__(
        self,
        introduction: Hello,
        pool: SlotPool,
        begun: Callable[[], int],
        redial: Redial,
        supplies: AgentSupplies | None = None,
    ) -> None:
        self.state = DISCONNECTED
        self.stream = 0
        self.outbox = Outbox(Outbox.bound(0, 1))
        self.welcome: Welcome | None = None
        self.lease_end = 0
        """On the agent's clock, ns; 0 while none is held."""
        self._introduction = introduction
        self._pool = pool
        self._begun = begun
        self._redial = redial
        self._supplies = supplies or AgentSupplies(lambda: None)
        self._offset = OffsetInUse()
        self._pinging = Pinging()
        self._greeted_at = 0
        self._news = AgentNews()
        self._duties = AgentDuties()
        self._signals = 0
        """How often the process was asked to stop."""
        self._flush_by = NEVER
        self._last_loss = ""
        """Why the last stream ended, for the log."""

    @property
    def offset(self) -> int | None:
        """Run time − agent clock, ns; None before the first round trips."""
        return self._offset.value

    @property
    def next_deadline(self) -> int:
        """The agent clock at which `Wake` is due; `NEVER` once the session has ended."""
        if self.state is ENDED:
            return NEVER
        always = (self.lease_end or NEVER, self._redial.give_up_at, self._flush_by)
        if self.state is DISCONNECTED:
            return min(*always, self._redial.next_at)
        if self.state is GREETING:
            return min(*always, self._greeted_at + GREETING_NS)
        return min(
            *always, self._pinging.next_at, self._pinging.silence_deadline, self.outbox.next_due, self._news.slots_due
        )

    def handle(self, event: events.SessionEvent, now: int) -> Instructions:
        """Handle an event at agent clock `now`; returns what is to be done, in order."""
        # First the deadlines, as an event must not be handled under a lease that is over. Then the event. Then, in one
        # go, all that it made due to be sent. GOODBYE ends the session, and nothing is sent after it: so it comes
        # after `_flush`, which sends the last released slots.
        instructions: Instructions = []
        for rule in WATCHED:
            if self.state is not ENDED:
                instructions += self._apply((rule,), event, now)
        for part in self._parts(event):
            rules = TABLE[self.state].get(type(part))
            if rules is None:
                raise SessionError(f"a session that is {self.state.value} knows no {type(part).__name__}")
            instructions += self._apply(rules, part, now)
        if self.state is LIVE:
            instructions += self._flush(now)
            instructions += self._apply((GOODBYE,), event, now)
        return instructions

    def _parts(self, event: events.SessionEvent) -> Iterator[object]:
        """Yield the event, or each part of a message; stop when the state no longer accepts it."""
        parts: list[object] = [event]
        if isinstance(event, events.MessageReceived):
            parts = events.parts_of(event.message, greets=self.state is GREETING)
        for part in parts:
            if self._is_accepted(event):
                yield part

    def _is_accepted(self, event: events.SessionEvent) -> bool:
        """Whether the session still accepts it: not on an older stream, and not after the end."""
        if self.state is ENDED:
            return False
        return not isinstance(event, events.MessageReceived | events.StreamLost) or (
            event.stream == self.stream and self.state is not DISCONNECTED
        )

    def _apply(self, rules: tuple[Reaction[Any, Any], ...], event: object, now: int) -> Instructions:
        for rule in rules:
            if rule.when(self, event, now):
                instructions = rule.act(self, event, now)
                self.state = rule.to or self.state
                return instructions
        return []

    def _dial(self, _: events.Wake, now: int) -> Instructions:
        self.stream += 1
        self._greeted_at = now
        self._news.dial()
        self._duties.dial()
        self.outbox.rewind()
        hello = replace(self._introduction, stream=self.stream, last_batch=self.outbox.newest, held=self._pool.claimed)
        if self.welcome is not None:
            hello = replace(hello, run=self.welcome.run, epoch=self.welcome.epoch)
        return [events.DialMaster(self.stream), AgentMessage(hello=hello)]

    def _is_foreign(self, welcome: Welcome, _: int) -> bool:
        """Another run than ours, or a master whose epoch is older than the known one (docs/design/fleet.md, 4.10)."""
        known = self.welcome
        return known is not None and (welcome.run != known.run or welcome.epoch < known.epoch)

    def _take_welcome(self, welcome: Welcome, now: int) -> Instructions:
        self.welcome = welcome
        self._redial.found()
        self._pinging.start(welcome.lease, now)
        self._supplies.repeat()
        self._news.repeat(self._pool.finished, now, is_leaving=self._signals > 0)
        self._duties.repeat()
        self.outbox.max_batches = Outbox.bound(welcome.lease, welcome.interval)
        self.outbox.acknowledge(welcome.last_batch)
        return [events.Fetch(welcome.run)]

    def _take_pong(self, pong: Pong, now: int) -> Instructions:
        if pong.stamp > now:  # Not our stamp: a lease that counted from it would last too long.
            return []
        self._pinging.answer(now)
        offset = self._offset.follow(pong.stamp, now, pong.now, bursting=self._pinging.is_bursting)
        instructions: Instructions = [] if offset is None else [events.Adopt(offset)]
        until = pong.stamp + (self.welcome.lease if self.welcome else 0)
        if until > max(now, self.lease_end):
            self.lease_end = until
            instructions.append(events.Renew(until))
        return instructions + self._obey_waiting(now)

    def _take_orders(self, orders: Orders, now: int) -> Instructions:
        self._duties.receive_orders(orders)
        return self._obey_waiting(now)

    def _take_once(self, once: Once, now: int) -> Instructions:
        self._duties.receive_once(once)
        return [once] if once.ends else self._obey_waiting(now)

    def _obey_waiting(self, now: int) -> Instructions:
        """What was ordered waits for the offset and for a lease: without one no user may send."""
        if self.offset is None or not self.lease_end:
            return []
        orders, once = self._duties.obey(), self._duties.begin()
        if orders is not None:
            self._supplies.expect(orders.slots, now)
        return [ordered for ordered in (orders, once) if ordered is not None]

    def _note_once(self, event: events.OncePerformed, _: int) -> Instructions:
        self._duties.note_performed(event.report.section)
        self._news.note_report(event.report)
        return []

    def _lose_stream(self, lost: events.StreamLost, now: int) -> Instructions:
        self._redial.lost(now)
        self._last_loss = f": {lost.reason}"
        return []

    def _keep_and_cut(self, event: events.Sealed, now: int) -> Instructions:
        self.outbox.put(event.batch, event.send_at)
        return self._cut("too many batches wait for the master", now)

    def _note_provision(self, event: events.Provisioned, now: int) -> Instructions:
        self._duties.note_provision(event.sequence)
        return self._obey_waiting(now)

    def _end_users(self, _: events.Leave, now: int) -> Instructions:
        """The first signal drains the users; the second cuts them and leaves little time."""
        self._signals += 1
        if self._signals == 1:
            self._news.note_leaving()
            return [events.DrainUsers("asked to stop")]
        self._flush_by = now + FLUSH_NS
        return [events.CutUsers("asked to stop at once")]

    def _say_goodbye(self, _: object, __: int) -> Instructions:
        goodbye: Instructions = [AgentMessage(goodbye=Goodbye("asked to stop"))]
        return (goodbye if self.state is LIVE else []) + self._exit(0, "asked to stop")

    def _give_up_master(self, _: object, __: int) -> Instructions:
        return self._exit(3, f"no master for {format_duration(self._redial.patience)}{self._last_loss}")

    def _flush(self, now: int) -> Instructions:
        """All that is due, in few messages."""
        batches = self.outbox.take(now)
        # An agent that leaves begins no iterations. What was used is reported with what the iterations measured.
        wanted = self._supplies.take_requests() if not self._signals else ()
        used = self._supplies.take_used() if batches else ()
        message = self._news.put_in(AgentMessage(confirm=self._duties.take_confirm(), wanted=wanted, used=used))
        message = self._news.put_slots_in(message, now, riding=bool(batches))
        if self._pinging.is_due(now, riding=bool(batches) or message != NOTHING):
            message = replace(message, ping=Ping(now, self._begun(), self.offset or 0))
            self._pinging.ping(now)
        return [*pack(message, batches), *self._news.take_reports()]

    def _hang_up(self, reason: str, now: int) -> Instructions:
        """Give up the stream, if there is one, and dial a new one."""
        if self.state is DISCONNECTED:
            return []
        self._redial.lost(now)
        return [events.HangUp(self.stream, reason)]

    def _cut(self, reason: str, now: int) -> Instructions:
        return self._end_lease(reason) + self._hang_up(reason, now)

    def _exit(self, code: int, reason: str) -> Instructions:
        return [*self._end_lease(reason), events.Exit(code, reason, self.outbox.numbers)]

    def _end_lease(self, reason: str) -> Instructions:
        """Without a lease there are no users to cut."""
        cut: Instructions = [events.CutUsers(reason)] if self.lease_end else []
        self.lease_end = 0
        return cut


def exits(code: int, reason: str, when: Condition = always) -> Reaction[Session, Any]:
    """End the process. `{0.reason}` in a reason is the reason of the event, here and below."""
    return Reaction(lambda session, event, _: session._exit(code, reason.format(event)), ENDED, when)


def cuts(reason: str, when: Condition = always) -> Reaction[Session, Any]:
    """Cut all users, and dial the master again."""
    return Reaction(lambda session, event, now: session._cut(reason.format(event), now), DISCONNECTED, when)


def hangs_up(reason: str, when: Condition) -> Reaction[Session, Any]:
    """Close the stream; the users go on as long as the lease."""
    return Reaction(lambda session, _, now: session._hang_up(reason, now), DISCONNECTED, when)


OWN_EVENTS = {
    **on(
        events.Sealed,
        Reaction(
            Session._keep_and_cut,
            DISCONNECTED,
            lambda session, sealed, _: session.lease_end > 0 and session.outbox.is_full_with(sealed.batch),
        ),
        notes(lambda session, sealed, _: session.outbox.put(sealed.batch, sealed.send_at)),
    ),
    **on(events.Provisioned, Reaction(Session._note_provision)),
    **on(events.SlotsEnded, notes(lambda session, ended, now: session._news.note_slots(ended, now))),
    **on(events.OncePerformed, Reaction(Session._note_once)),
    **on(events.WaitingChanged, notes(lambda session, changed, _: session._news.note_waiting(changed))),
    **on(events.AbortAsked, notes(lambda session, asked, _: session._news.note_abort(asked.reason))),
    **on(
        events.Leave,
        Reaction(Session._say_goodbye, ENDED, lambda session, *_: not session._duties.is_scheduled),
        Reaction(Session._end_users, when=lambda session, *_: session._signals < 2),
        exits(3, "asked to stop for the third time"),
    ),
}
"""What the agent itself does, whether the master is there or not."""

ENDINGS = {
    **on(Refused, exits(3, "the master refused this agent: {0.reason}")),
    **on(Expired, cuts("the master says the lease is over: {0.reason}")),
    **on(Finish, exits(0, "{0.reason}")),
    **on(
        events.StreamLost,
        # An agent that performs the teardown still owes its report, or does not know whether it arrived.
        exits(
            0,
            "everything is merged",
            lambda session, *_: session.outbox.is_delivered and not session._duties.has_begun(TEARDOWN),
        ),
        # An agent that has worked for this master keeps what it measured, and tries again for as long as it waits.
        exits(
            3,
            "the master refused this agent: {0.reason}",
            lambda session, lost, _: lost.is_denied and not session.welcome,
        ),
        Reaction(Session._lose_stream, DISCONNECTED),
    ),
}
"""How a stream ends: by a message of the master, or by a lost connection."""

TABLE: dict[events.SessionState, Rows] = {
    DISCONNECTED: {
        **on(events.Wake, Reaction(Session._dial, GREETING, lambda session, _, now: now >= session._redial.next_at)),
        **OWN_EVENTS,
    },
    GREETING: {
        **on(
            events.Wake,
            hangs_up("no answer to the Hello", lambda session, _, now: now >= session._greeted_at + GREETING_NS),
        ),
        **on(
            Welcome,
            cuts("the master does not know this run", Session._is_foreign),
            Reaction(Session._take_welcome, LIVE),
        ),
        **ENDINGS,
        **OWN_EVENTS,
    },
    LIVE: {
        **on(events.Wake, hangs_up("no pong", lambda session, _, now: session._pinging.is_silent(now))),
        **on(Pong, Reaction(Session._take_pong)),
        **on(events.Acknowledged, notes(lambda session, ack, _: session.outbox.acknowledge(ack.number))),
        **on(Orders, Reaction(Session._take_orders)),
        **on(Once, Reaction(Session._take_once)),
        **on(events.PlacesOpened, Reaction(lambda _, opened, __: [opened])),
        **on(DealtBlock, Reaction(lambda _, block, __: [block])),
        **ENDINGS,
        **OWN_EVENTS,
    },
    ENDED: {},
}

WATCHED: tuple[Reaction[Session, Any], ...] = (
    exits(3, "stopped before everything was delivered", lambda session, _, now: now >= session._flush_by),
    cuts("the lease is over", lambda session, _, now: 0 < session.lease_end <= now),
    Reaction(Session._give_up_master, ENDED, lambda session, _, now: now >= session._redial.give_up_at),
)
"""Applied in every state but the last, before any event."""

GOODBYE: Reaction[Session, object] = Reaction(
    Session._say_goodbye,
    ENDED,
    lambda session, *_: session._signals > 0 and session.outbox.is_delivered and not session._duties.is_performing,
)
"""Follows the last acknowledgement, or the end of the teardown, of an agent that was asked to stop."""
