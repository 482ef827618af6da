"""What an agent has to tell its master: each thing once on a stream, and what may be lost on every new one."""

from __future__ import annotations

from dataclasses import replace

from gradual_agent.coordination import events
from gradual_agent.coordination.outbox import NOTHING
from gradual_common.clock import NEVER, NS_PER_MS
from gradual_common.protocol.messages import AgentMessage, OnceReport, SlotRun, Waiting

GATHER_NS = 50 * NS_PER_MS
"""How long ended slots wait for others, so that not every user that ends makes a message."""


class AgentNews:
    """What is to be said, and what has been said on this stream."""

    def __init__(self) -> None:
        self.slots_due = NEVER
        """When released and finished slots are sent."""
        self._abort = ""
        """Why the first user that asked for it wants the run to end."""
        self._reports: list[OnceReport] = []
        """How the set-up and the teardown ended."""
        self._released: tuple[SlotRun, ...] = ()
        self._finished: tuple[SlotRun, ...] = ()
        self._says_leaving = False
        self._says_abort = False
        self._unsaid_reports: list[OnceReport] = []
        self._waiting: dict[int, Waiting] = {}
        """What was last said of each place where users wait for each other."""
        self._unsaid_waiting: dict[int, Waiting] = {}

    def dial(self) -> None:
        """The Hello lists every slot that this agent still claims, so the master sees from it which were released."""
        self._released = ()

    def repeat(self, finished: tuple[SlotRun, ...], now: int, *, is_leaving: bool) -> None:
        """On a new stream: the former one may have lost it."""
        self._says_leaving = is_leaving
        self._says_abort = bool(self._abort)
        self._unsaid_reports = list(self._reports)
        self._unsaid_waiting = {place: report for place, report in self._waiting.items() if report.users}
        self._finished, self.slots_due = finished, now

    def note_slots(self, ended: events.SlotsEnded, now: int) -> None:
        """Slots that end on this stream; its first messages reported all earlier ones."""
        self.slots_due = min(self.slots_due, now + GATHER_NS)
        self._released += ended.released
        self._finished += ended.finished

    def note_report(self, report: OnceReport) -> None:
        """A set-up or teardown has ended."""
        self._reports.append(report)
        self._unsaid_reports.append(report)

    def note_waiting(self, changed: events.WaitingChanged) -> None:
        """Users came to places, or left them."""
        for report in changed.reports:
            if self._waiting.get(report.place) != report:
                self._waiting[report.place] = self._unsaid_waiting[report.place] = report

    def note_abort(self, reason: str) -> None:
        """A user wants the run to end. The first reason is enough: the run ends once."""
        if not self._abort:
            self._abort, self._says_abort = reason, True

    def note_leaving(self) -> None:
        """The agent was asked to stop."""
        self._says_leaving = True

    def put_in(self, message: AgentMessage) -> AgentMessage:
        """The message with what is said at once."""
        abort = self._abort if self._says_abort else ""
        waiting, self._unsaid_waiting = tuple(self._unsaid_waiting.values()), {}
        leaving, self._says_leaving, self._says_abort = self._says_leaving, False, False
        return replace(message, leaving=leaving, abort=abort, waiting=waiting)

    def put_slots_in(self, message: AgentMessage, now: int, *, riding: bool) -> AgentMessage:
        """Ended slots wait for others, but join a message that is sent anyway (`riding`: batches are)."""
        if self.slots_due == NEVER or not (now >= self.slots_due or riding or message != NOTHING):
            return message
        released, self._released = self._released, ()
        finished, self._finished = self._finished, ()
        self.slots_due = NEVER
        return replace(message, released=released, finished=finished)

    def take_reports(self) -> list[AgentMessage]:
        """The reports that were not sent on this stream, each a message of its own."""
        reports, self._unsaid_reports = self._unsaid_reports, []
        return [AgentMessage(once=report) for report in reports]
