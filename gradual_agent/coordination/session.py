"""The agent's session with its master, decided without I/O (DESIGN 4.2–4.6, 4.11, 5).

    disconnected ──dial──▶ greeting ──welcome──▶ live ──┐
         ▲                    │                    │    │ finish, refused, left, patience over
         └─────stream ended───┴────────────────────┘    ▼
                                                       ended

`TABLE` is the life cycle: states × events. `handle(event, now)` takes the agent's clock (ns) and returns instructions
in the order in which they are to be carried out; `next_deadline` says when `Wake` is due. Three rules hold in every
state and are looked at before any event: the lease ends by itself, and then the users are cut; a master that stays
away for `master_wait` is given up; a second signal leaves little time. Only a pong renews the lease, and only from the
stamp it returns, so one that waited in a buffer renews nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from gradual_agent.coordination.events import (
    Adopt,
    CutUsers,
    Dial,
    DrainUsers,
    Exit,
    Fetch,
    HangUp,
    Holdings,
    Identity,
    Leave,
    Obey,
    Provisioned,
    Received,
    Renew,
    Sealed,
    Send,
    SessionEvent,
    SessionInstruction,
    SlotsEnded,
    StreamEnded,
    Wake,
)
from gradual_agent.coordination.offset import OffsetEstimate
from gradual_agent.coordination.outbox import Outbox
from gradual_agent.coordination.packing import Mail, pack
from gradual_agent.coordination.pinging import Pinging
from gradual_agent.coordination.redial import Redial, Waiting
from gradual_agent.errors import SessionError
from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.protocol.messages import (
    PROTOCOL,
    AgentMessage,
    Confirm,
    Goodbye,
    Hello,
    Orders,
    Ping,
    Pong,
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


class State(Enum):
    """Where the session stands."""

    DISCONNECTED = "disconnected"
    GREETING = "greeting"
    LIVE = "live"
    ENDED = "ended"


OWN_DOINGS: dict[type[SessionEvent], str] = {
    Sealed: "_keep",
    Provisioned: "_note_provision",
    SlotsEnded: "_note_slots",
    Leave: "_leave",
}
"""What the agent itself does, whether the master is there or not."""

TABLE: dict[State, dict[type[SessionEvent], str]] = {
    State.DISCONNECTED: {Wake: "_dial_when_due", **OWN_DOINGS},
    State.GREETING: {
        Wake: "_wait_for_welcome",
        Received: "_read_answer",
        StreamEnded: "_lose_stream",
        **OWN_DOINGS,
    },
    State.LIVE: {
        Wake: "_watch_silence",
        Received: "_read_message",
        StreamEnded: "_lose_stream",
        **OWN_DOINGS,
    },
}


class Session:
    """One agent's side of the control stream. `jitter()` gives numbers in [0, 1) that spread the dialling."""

    def __init__(
        self, identity: Identity, holdings: Holdings, master_wait: int, jitter: Callable[[], float], now: int
    ) -> None:
        self.state = State.DISCONNECTED
        self.stream = 0
        self.outbox = Outbox(Outbox.bound(0, 1))
        self.offset: int | None = None
        self.welcome: Welcome | None = None
        self.lease_end = 0
        self._identity = identity
        self._holdings = holdings
        self._redial = Redial(master_wait, jitter, now)
        self._estimate = OffsetEstimate()
        self._released: tuple[SlotRun, ...] = ()
        self._finished: tuple[SlotRun, ...] = ()
        self._slots_due: int | None = None
        self._confirms = False
        self._greeted_at = 0
        self._pinging = Pinging()
        self._orders: Orders | None = None
        self._in_force = (0, 0)
        self._is_scheduled = False
        self._provisioned = 0
        self._last_sealed = 0
        self._ends_with: int | None = None
        self._signals = 0
        self._says_leaving = False
        self._flush_by: int | None = None

    # ── Deadlines ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def next_deadline(self) -> int | None:
        """The agent clock at which `Wake` is due; None once the session has ended."""
        if self.state is State.ENDED:
            return None
        deadlines = [self._lease_deadline, self._redial.give_up_at, self._flush_by, *self._deadlines_of_state()]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _deadlines_of_state(self) -> list[int | None]:
        if self.state is State.DISCONNECTED:
            return [self._redial.next_at]
        if self.state is State.GREETING:
            return [self._greeted_at + GREETING_NS]
        return [self._pinging.next_at, self._pinging.silence_deadline, self.outbox.next_due, self._slots_due]

    @property
    def _lease_deadline(self) -> int | None:
        return self.lease_end or None

    @property
    def _lease(self) -> int:
        return self.welcome.lease if self.welcome else 0

    # ── Events ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def handle(self, event: SessionEvent, now: int) -> list[SessionInstruction]:
        """Take in an event at agent clock `now`; what is to be done, in order."""
        instructions = self._watch(now)
        if self._counts(event):
            instructions += self._step(event)(event, now)
        if self.state is State.LIVE:
            instructions += self._flush(now)
        return instructions

    def _counts(self, event: SessionEvent) -> bool:
        """What comes on an older stream, or after the end, is dropped."""
        if self.state is State.ENDED:
            return False
        return not isinstance(event, Received | StreamEnded) or (
            event.stream == self.stream and self.state is not State.DISCONNECTED
        )

    def _step(self, event: SessionEvent) -> Callable[[SessionEvent, int], list[SessionInstruction]]:
        name = TABLE[self.state].get(type(event))
        if name is None:
            raise SessionError(f"a session that is {self.state.value} knows no {type(event).__name__}")
        step: Callable[[SessionEvent, int], list[SessionInstruction]] = getattr(self, name)
        return step

    def _watch(self, now: int) -> list[SessionInstruction]:
        """What holds in every state: the lease, the patience, the time left after a second signal."""
        if self.state is State.ENDED:
            return []
        if self._flush_by is not None and now >= self._flush_by:
            return self._exit(3, "stopped before everything was delivered")
        cut = self._cut("the lease is over", now) if self.lease_end and now >= self.lease_end else []
        if self._redial.is_over(now):
            return cut + self._exit(3, f"no master for {format_duration(self._redial.patience)}")
        return cut

    def waiting(self, now: int) -> Waiting | None:
        """What is to be said of a master that is away; None when there is nothing to say just now."""
        return self._redial.notice(now) if self.state is State.DISCONNECTED else None

    # ── Disconnected, greeting ─────────────────────────────────────────────────────────────────────────────────────

    def _dial_when_due(self, _: Wake, now: int) -> list[SessionInstruction]:
        if now < self._redial.next_at:
            return []
        self.state = State.GREETING
        self.stream += 1
        self._greeted_at = now
        self._released, self._orders = (), None
        self.outbox.rewind()
        return [Dial(self.stream), Send(AgentMessage(hello=self._hello()))]

    def _hello(self) -> Hello:
        who = self._identity
        return Hello(
            protocol=PROTOCOL,
            incarnation=who.incarnation,
            name=who.name,
            host=who.host,
            pid=who.pid,
            version=who.version,
            stream=self.stream,
            max_users=who.max_users,
            run=self.welcome.run if self.welcome else "",
            epoch=self.welcome.epoch if self.welcome else 0,
            last_batch=self._last_sealed,
            held=self._holdings.held,
            part=who.part,
        )

    def _wait_for_welcome(self, _: Wake, now: int) -> list[SessionInstruction]:
        if now < self._greeted_at + GREETING_NS:
            return []
        return self._hang_up("no answer to the Hello", now)

    def _read_answer(self, event: Received, now: int) -> list[SessionInstruction]:
        """The first message of a stream is a Welcome, or says why there is none."""
        if event.message.welcome is None:
            return self._read_ending(event, now)
        return self._take_welcome(event.message.welcome, now) + self._read_message(event, now)

    def _take_welcome(self, welcome: Welcome, now: int) -> list[SessionInstruction]:
        if self._is_foreign(welcome):
            cut = self._cut("the master does not know this run", now)
            return cut or self._hang_up("the master does not know this run", now)
        self.state = State.LIVE
        self.welcome = welcome
        self._redial.found()
        self._pinging.begin(welcome.lease, now)
        self._says_leaving = self._signals > 0
        self._finished, self._slots_due = self._holdings.finished, now
        self._confirms = self._in_force != (0, 0) or self._provisioned > 0
        self.outbox.resize(Outbox.bound(welcome.lease, welcome.interval))
        self.outbox.acknowledge(welcome.last_batch)
        return [Fetch(welcome.run)]

    def _is_foreign(self, welcome: Welcome) -> bool:
        """Another run than ours, or a master that is behind what we know (DESIGN 4.10)."""
        known = self.welcome
        return known is not None and (welcome.run != known.run or welcome.epoch < known.epoch)

    def _lose_stream(self, event: StreamEnded, now: int) -> list[SessionInstruction]:
        if self._is_delivered:
            return self._exit(0, "everything is merged")
        self._disconnect(now)
        return []

    def _hang_up(self, reason: str, now: int) -> list[SessionInstruction]:
        """Give up the stream and dial a new one."""
        if self.state is State.DISCONNECTED:
            return []
        self._disconnect(now)
        return [HangUp(self.stream, reason)]

    def _disconnect(self, now: int) -> None:
        self.state = State.DISCONNECTED
        self._redial.lost(now)

    # ── Live ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _watch_silence(self, _: Wake, now: int) -> list[SessionInstruction]:
        return self._hang_up("no pong", now) if self._pinging.is_silent(now) else []

    def _read_message(self, event: Received, now: int) -> list[SessionInstruction]:
        message = event.message
        instructions: list[SessionInstruction] = []
        if message.pong is not None:
            instructions += self._take_pong(message.pong, now)
        if message.ack:
            self.outbox.acknowledge(message.ack)
        if message.orders is not None:
            instructions += self._take_orders(message.orders)
        return instructions + self._read_ending(event, now)

    def _read_ending(self, event: Received, now: int) -> list[SessionInstruction]:
        message = event.message
        if message.refused is not None:
            return self._exit(3, f"the master refused this agent: {message.refused.reason}")
        if message.expired is not None:
            reason = f"the master says the lease is over: {message.expired.reason}"
            return self._cut(reason, now) or self._hang_up(reason, now)
        if message.finish is not None:
            return self._exit(0, message.finish.reason)
        return []

    def _take_pong(self, pong: Pong, now: int) -> list[SessionInstruction]:
        if not now - pong.stamp >= 0:
            return []
        self._pinging.answer(now)
        instructions = self._adopt_offset(self._estimate.observe(pong.stamp, now, pong.now))
        until = pong.stamp + self._lease
        if until > max(now, self.lease_end):
            self.lease_end = until
            instructions.append(Renew(until))
        return instructions + self._obey_waiting()

    def _adopt_offset(self, anew: bool) -> list[SessionInstruction]:
        """Use the estimate once the first round trips are in, and again when it has moved."""
        estimate = self._estimate.value
        if estimate is None or (self.offset is None and self._pinging.is_bursting):
            return []
        if self.offset is not None and not anew and abs(estimate - self.offset) <= OFFSET_SLACK_NS:
            return []
        self.offset = estimate
        return [Adopt(estimate)]

    def _take_orders(self, orders: Orders) -> list[SessionInstruction]:
        """Newer orders replace what is in force or waits; others are dropped, and what is in force said again."""
        known = version_of(self._orders) if self._orders else self._in_force
        if version_of(orders) <= known:
            self._confirms = self._confirms or self._orders is None
            return []
        self._orders = orders
        return self._obey_waiting()

    def _obey_waiting(self) -> list[SessionInstruction]:
        """Orders wait for the job, for the offset, and for a lease: without one no user may send."""
        if self._orders is None or self.offset is None or not (self.lease_end and self._provisioned):
            return []
        orders, self._orders = self._orders, None
        self._in_force = version_of(orders)
        self._confirms = True
        self._is_scheduled = self._is_scheduled or bool(orders.levels)
        return [Obey(orders)]

    # ── What the agent has done ────────────────────────────────────────────────────────────────────────────────────

    def _keep(self, event: Sealed, now: int) -> list[SessionInstruction]:
        self.outbox.put(event.batch, event.send_at)
        self._last_sealed = event.batch.number
        if event.batch.last:
            self._ends_with = event.batch.number
        return self._cut("too many batches wait for the master", now) if self.outbox.is_full else []

    def _note_provision(self, event: Provisioned, _: int) -> list[SessionInstruction]:
        self._provisioned = max(self._provisioned, event.sequence)
        self._confirms = True
        return self._obey_waiting()

    def _note_slots(self, event: SlotsEnded, now: int) -> list[SessionInstruction]:
        """Kept for the present stream: its Hello said what was held, and its first message what has finished."""
        if self.state is not State.DISCONNECTED:
            self._slots_due = self._slots_due or now + GATHER_NS
            self._released += event.released
            self._finished += event.finished
        return []

    # ── Sending ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _flush(self, now: int) -> list[SessionInstruction]:
        """All that is due, in as few messages as the bound allows; the end of it all when everything is delivered."""
        confirm = Confirm(*self._in_force, self._provisioned) if self._confirms else None
        mail = Mail(confirm, parcels=self.outbox.take(now), leaving=self._says_leaving)
        self._confirms = self._says_leaving = False
        if self._slots_due is not None and (now >= self._slots_due or not mail.is_empty):
            mail = replace(mail, released=self._released, finished=self._finished)
            self._released, self._finished, self._slots_due = (), (), None
        if self._pinging.is_due(now, riding=not mail.is_empty):
            mail = replace(mail, ping=Ping(now, self._holdings.begun, self.offset or 0))
            self._pinging.ping(now)
        sent: list[SessionInstruction] = [Send(message) for message in pack(mail)]
        return sent + (self._say_goodbye() if self._signals and self._is_delivered else [])

    # ── Ending ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _is_delivered(self) -> bool:
        """The last batch is sealed, and everything is acknowledged."""
        return self._ends_with is not None and not self.outbox.numbers

    def _cut(self, reason: str, now: int) -> list[SessionInstruction]:
        """End all users and greet anew without any; nothing when no lease is held."""
        if not self.lease_end:
            return []
        self.lease_end = 0
        return [CutUsers(reason), *self._hang_up(reason, now)]

    def _leave(self, _: Leave, now: int) -> list[SessionInstruction]:
        """The first signal drains, the second cuts, the third ends the process."""
        self._signals += 1
        if not self._is_scheduled:
            return self._say_goodbye()
        if self._signals == 1:
            self._says_leaving = True
            return [DrainUsers("told to end")]
        if self._signals == 2:
            self._flush_by = now + FLUSH_NS
            return [CutUsers("told to end at once")]
        return self._exit(3, "told to end for the third time")

    def _say_goodbye(self) -> list[SessionInstruction]:
        goodbye: list[SessionInstruction] = [Send(AgentMessage(goodbye=Goodbye("told to end")))]
        return (goodbye if self.state is State.LIVE else []) + self._exit(0, "told to end")

    def _exit(self, code: int, reason: str) -> list[SessionInstruction]:
        cut: list[SessionInstruction] = [CutUsers(reason)] if self.lease_end else []
        self.state = State.ENDED
        self.lease_end = 0
        return [*cut, Exit(code, reason, self.outbox.numbers)]


def version_of(orders: Orders) -> tuple[int, int]:
    """What orders are compared by."""
    return orders.epoch, orders.version
