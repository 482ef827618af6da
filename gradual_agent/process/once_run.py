"""Set-up or teardown, performed by this agent: one user of its own plan (`once_plan`), with a recorder of its own.

So its samples are in no batch of the run. What it measured, and what a set-up extracted, is one report. A set-up has
succeeded if all of its samples have; what it extracted is then read by all users of the fleet. The teardown reads it
also after a failure: what was made has to be removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from gradual_agent.coordination.pool import UserEnded
from gradual_agent.kinds.engines import Engines
from gradual_agent.recording.recorder import Recorder
from gradual_agent.recording.single_samples import ExemplarPicker
from gradual_agent.runtime.sample import Sample
from gradual_agent.users.compiling import compile_behaviour
from gradual_agent.users.context import UserContext
from gradual_agent.users.user import VirtualUser
from gradual_common.clock import NS_PER_S
from gradual_common.language.document import SETUP, Once
from gradual_common.plan.model.once import once_plan
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Health
from gradual_common.protocol.messages import MAX_MESSAGE_BYTES, OnceReport
from gradual_common.protocol.provisions import MAX_VARIABLES_BYTES, dump_json
from gradual_common.protocol.samples import Exemplar
from gradual_common.secrecy.masking import Mask, texts_in_values
from gradual_common.units import count

NO_LIMIT_NS = 365 * 24 * 3600 * NS_PER_S
"""Longer than any set-up or teardown: each of its steps has its own timeout."""

MAX_EXEMPLAR_BYTES = MAX_MESSAGE_BYTES // 4
"""Of all failed exchanges of a report, together."""

MAX_FAILURE_CHARS = 1000
NO_HEALTH = Health(0.0, 0, 0, 0)


class OnceRun:
    """One performance of a section. `on_report` is called once: when its user has ended, or is cut.

    `offset()` is run time − agent clock, ns.
    """

    def __init__(
        self,
        section: Once,
        plan: Plan,
        engines: Engines,
        context: UserContext,
        *,
        mask: Mask,
        offset: Callable[[], int],
        on_report: Callable[[OnceReport], object],
    ) -> None:
        own_plan, clock = once_plan(plan, section), context.clock
        self._section = section
        self._engines = engines
        self._mask = mask
        self._offset = offset
        self._on_report = on_report
        self._failures: list[str] = []
        self._variables: dict[str, Any] = {}
        """What was extracted before the first failure, after which the user forgets it."""
        self._is_reported = False
        self._index = index = SeriesIndex.of(own_plan)
        self._picker = ExemplarPicker(self._describe, Random(), index.failures)  # noqa: S311  nothing is kept secret by it
        self._recorder = Recorder(index, clock)
        # All of it is one frame, which has a length even if no time passes.
        self._recorder.schedule(clock() - 1, NO_LIMIT_NS, [])
        own_context = replace(
            context,
            recorder=self._recorder,
            graceful_stop=NO_LIMIT_NS,
            end=self._end,
            note_failure=self._note_failure,
            abort_run=lambda reason: None,  # Its failure is what it would ask for.
            replaces_users=False,
        )
        behaviour = compile_behaviour(own_plan, 0, self._recorder, engines)
        self._make_user = partial(VirtualUser, own_context, behaviour, 0, 1)
        self._user: VirtualUser | None = None
        """None until it begins."""

    def start(self, shared: dict[str, Any]) -> None:
        """Begin; returns at the first wait. `shared`: what the set-up has extracted, for a teardown."""
        self._user = self._make_user(shared)
        self._user.start()

    def stop(self, deadline: int) -> None:
        """End after the request in flight, at the latest at `deadline` (agent clock, ns)."""
        if self._user is not None and not self._is_reported:
            self._user.stop(deadline)

    def cut(self, reason: str) -> None:
        """End at once: the request in flight is interrupted, nothing more is sent."""
        if not self._is_reported:
            if self._user is not None:
                self._user.cut()
            self._report(f"it was cut: {reason}")

    def _note_failure(self, step: int, sample: Sample) -> None:
        self._variables = self._extracted
        self._picker.consider(step, sample)
        kind, name = self._index.failures.names[sample.kind], self._index.steps[step].name
        known = self._known.also(credentials=[sample.token])
        detail = sample.explain(known.hide_text) or (f"HTTP {sample.status_code}" if sample.status_code else "")
        self._failures.append(f"step {name} failed: {kind}{f' ({detail})' if detail else ''}")

    @property
    def _known(self) -> Mask:
        """The mask with what the section itself has extracted so far, which is a token as a rule."""
        return self._mask.also(credentials=texts_in_values(self._extracted))

    @property
    def _extracted(self) -> dict[str, Any]:
        return self._variables or ({} if self._user is None else self._user.extracted)

    def _describe(self, step: int, sample: Sample) -> dict[str, Any]:
        return self._engines.describe(self._known, self._index.steps[step].action, sample)

    def _end(self, ended: UserEnded) -> None:
        if self._failures:
            more = len(self._failures) - 1
            self._report(self._failures[0] + (f"; {count(more, 'more step')} failed" if more else ""))
        else:
            self._report("" if ended.finished else "it was stopped before its end")

    def _report(self, failure: str) -> None:
        self._is_reported = True
        variables = dump_json(self._extracted) if self._section == SETUP else b"{}"
        if len(variables) > MAX_VARIABLES_BYTES:
            failure = failure or (
                f"what it extracts has {len(variables):,} bytes as JSON; at most {MAX_VARIABLES_BYTES:,} are shared"
            )
            variables = b"{}"
        offset = self._offset()
        self._on_report(
            OnceReport(
                section=self._section,
                batch=self._recorder.seal(0, offset, NO_HEALTH, last=True),
                variables=b"" if variables == b"{}" else variables,
                failure=failure[:MAX_FAILURE_CHARS],
                exemplars=tuple(_limited(self._picker.take(offset))),
            )
        )


def _limited(exemplars: list[Exemplar]) -> Iterator[Exemplar]:
    """The first exchanges, as many as fit into a report."""
    room = MAX_EXEMPLAR_BYTES
    for exemplar in exemplars:
        room -= len(dump_json(exemplar.document))
        if room < 0:
            return
        yield exemplar
