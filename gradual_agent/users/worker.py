"""The worker: all virtual users of one agent process, seated and told to end by the pool's instructions."""

from __future__ import annotations

from collections.abc import Callable
from time import time_ns

import structlog

from gradual_agent.kinds.action import Engine
from gradual_agent.kinds.http.action import HttpActions, texts_of
from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.timeline import Timeline
from gradual_agent.users.behaviour import Behaviour, CompiledStep, compile_behaviour
from gradual_agent.users.knowledge import Rows
from gradual_agent.users.user import VirtualUser
from gradual_agent.users.world import World
from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.messages import Job

EndCallback = Callable[[int, int, int, bool], None]
"""Told (group, ordinal, tenure, finished) when a user has ended by itself or because it was told to stop."""


class Worker:
    """Runs the users of a plan. `on_end` is set by whoever wants to know.

    Raises TemplateError or RequestError when the plan holds a request that can never be sent.
    """

    def __init__(  # noqa: PLR0917  wired together in one place
        self,
        plan: Plan,
        job: Job,
        engine: Engine,
        timeline: Timeline,
        recorder: Recorder,
        clock: Callable[[], int],
        wall_clock: Callable[[], int] = time_ns,
        note_failure: Callable[[int, Sample], None] = lambda step, sample: None,
    ) -> None:
        self.on_end: EndCallback = lambda group, ordinal, tenure, finished: None
        self._clock = clock
        self._users: list[dict[int, VirtualUser]] = [{} for _ in plan.users]
        self._warned: set[int] = set()
        self._unforeseen: set[tuple[int, type[Exception]]] = set()
        actions = HttpActions(plan)
        self._behaviours = [
            compile_behaviour(plan, number, recorder, actions.action, lambda name: texts_of(plan, name))
            for number in range(len(plan.users))
        ]
        self._world = World(
            timeline=timeline,
            clock=clock,
            wall_clock=wall_clock,
            recorder=recorder,
            engine=engine,
            seed=job.seed,
            secrets=dict(job.secrets),
            graceful_stop=plan.config.graceful_stop,
            warn_empty=self._warn_empty,
            end=self._user_ended,
            note_failure=note_failure,
            note_unforeseen=self._note_unforeseen,
        )

    # ── What is asked ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def active(self) -> int:
        """How many users are active."""
        return sum(behaviour.meter.active for behaviour in self._behaviours)

    @property
    def stopping(self) -> int:
        """How many users are finishing."""
        return sum(behaviour.meter.stopping for behaviour in self._behaviours)

    # ── What is done ───────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, group: int, ordinal: int, tenure: int, rows: Rows) -> None:
        """Seat a user; its first request is written before this returns. The seat must be free."""
        users = self._users[group]
        assert ordinal not in users, f"the seat {group}/{ordinal} is taken"
        user = users[ordinal] = VirtualUser(self._world, self._behaviours[group], ordinal, tenure, rows)
        user.start()

    def stop(
        self,
        group: int,
        ordinal: int,
        deadline: int,
        on_stop_deadline: int | None = None,
        *,
        hands_over: bool = False,
    ) -> None:
        """Tell a user to end by `deadline`; `on_stop` then has as long again, or until `on_stop_deadline`.

        One that `hands_over` finishes its iteration first, and is active until then. Told again, the earlier instants
        hold. A seat without a user is left alone.
        """
        user = self._users[group].get(ordinal)
        if user is not None:
            again = max(0, deadline - self._clock())
            on_stop_by = deadline + again if on_stop_deadline is None else on_stop_deadline
            user.stop(deadline, on_stop_by, hands_over=hands_over)

    def cut(self) -> None:
        """End every user at once; nobody is told."""
        for users in self._users:
            leaving = list(users.values())
            users.clear()
            for user in leaving:
                user.cut()

    # ── What users tell ────────────────────────────────────────────────────────────────────────────────────────────

    def _user_ended(self, user: VirtualUser, is_finished: bool) -> None:
        group = user.behaviour.number
        if self._users[group].get(user.ordinal) is user:
            del self._users[group][user.ordinal]
            self.on_end(group, user.ordinal, user.tenure, is_finished)

    def _warn_empty(self, behaviour: Behaviour) -> None:
        if behaviour.number not in self._warned:
            self._warned.add(behaviour.number)
            structlog.get_logger(__name__).warning(
                "an iteration neither sent nor waited; its user sleeps 100 ms after each of these",
                group=behaviour.group,
            )

    def _note_unforeseen(self, behaviour: Behaviour, step: CompiledStep, error: Exception) -> None:
        """A mistake of ours: the first traceback of each kind and step is logged."""
        key = (step.record.number, type(error))
        if key not in self._unforeseen:
            self._unforeseen.add(key)
            structlog.get_logger(__name__).error(
                "a step failed for a reason that nobody foresaw; the run is invalid",
                group=behaviour.group,
                step=step.name,
                exc_info=error,
            )
