"""User time of one group, by state, without a list of events.

Each state has a number of users and an accumulator. A user that enters the state at t adds 1 to the number and
subtracts t from the accumulator; one that leaves at t subtracts 1 and adds t. At any T the user time is
accumulator + number·T, exact to the nanosecond.

Example: users enter at 10 and at 20, and the first leaves at 50. Then the accumulator is −10 − 20 + 50 = 20 and the
number is 1. At T = 60 the user time is 20 + 60 = 80: 40 of the first user and 40 of the second.

Hot path (docs/design/style.md, 16): measured on one busy core, a move between states 0.13 µs.
"""

from __future__ import annotations

from array import array

from gradual_agent.recording.frames import GroupFrame, OpenFrame

STATES = ("active", "in_request", "thinking", "stopping")
"""In the order of a batch's column."""


class GroupMeter:
    """User time of one group in the open frame, by state, and its iterations.

    A stopping user counts only as stopping: its requests and waits go to `Recorder.unread_meter`.
    """

    def __init__(self, frame: OpenFrame) -> None:
        self._frame = frame
        # Plain attributes, one pair per state: a move between states is on the hot path.
        self.active = self.in_request = self.thinking = self.stopping = 0
        self.active_time = self.in_request_time = self.thinking_time = self.stopping_time = 0
        self.iterations = array("q")
        self.empty = 0
        self.paced = array("q")

    def enter(self, now: int) -> None:
        """A user becomes active."""
        self._advance(now)
        self.active += 1
        self.active_time -= now

    def leave(self, now: int) -> None:
        """An active user ends."""
        self._advance(now)
        self.active -= 1
        self.active_time += now

    def begin_request(self, now: int) -> None:
        """An active user starts an action."""
        if now >= self._frame.boundary:
            self._frame.roll(now)
        self.in_request += 1
        self.in_request_time -= now

    def end_request(self, now: int) -> None:
        """Its action has ended."""
        if now >= self._frame.boundary:
            self._frame.roll(now)
        self.in_request -= 1
        self.in_request_time += now

    def begin_thinking(self, now: int) -> None:
        """An active user starts its think time."""
        if now >= self._frame.boundary:
            self._frame.roll(now)
        self.thinking += 1
        self.thinking_time -= now

    def end_thinking(self, now: int) -> None:
        """Its think time is over."""
        if now >= self._frame.boundary:
            self._frame.roll(now)
        self.thinking -= 1
        self.thinking_time += now

    def begin_stopping(self, now: int) -> None:
        """An active user, neither in a request nor thinking, is asked to stop."""
        self.leave(now)
        self.stopping += 1
        self.stopping_time -= now

    def end_stopping(self, now: int) -> None:
        """It has ended."""
        self._advance(now)
        self.stopping -= 1
        self.stopping_time += now

    def finish_iteration(self, now: int, duration: int, is_empty: bool) -> None:
        """Count an iteration that took `duration` ns."""
        if now >= self._frame.boundary:
            self._frame.roll(now)
        self.iterations.append(duration)
        self.empty += is_empty

    def add_paced(self, since_due: int) -> None:
        """How long ago the iteration was due by the pacing that was just finished (`finish_iteration`), ns."""
        self.paced.append(since_due)

    def _advance(self, now: int) -> None:
        if now >= self._frame.boundary:
            self._frame.roll(now)

    def take(self, until: int) -> GroupFrame:
        """What was measured up to `until`; starts the next frame there."""
        # A stamp from just before the start of the frame can make the integral slightly negative. A user time below 0
        # would be refused, so 0 is reported and the rest is kept for the next frame: the sum stays exact.
        times: list[int] = []
        for state in STATES:
            number, accumulator = getattr(self, state), f"{state}_time"
            integral = getattr(self, accumulator) + number * until
            setattr(self, accumulator, min(0, integral) - number * until)
            times.append(max(0, integral))
        frame = GroupFrame(times, self.iterations, self.empty, self.paced)
        self.iterations, self.paced = array("q"), array("q")
        self.empty = 0
        return frame
