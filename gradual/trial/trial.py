"""`gradual try`: one user, one iteration, in this process, by the same engine, user and actions as in a run.

Each step's action and condition are wrapped, and the engines have an observer, so that what they do is printed. Think
times and pacing are left out. A trial always ends: each request has its timeout, and nothing is repeated, neither a
failed `on_start` nor a user that failed by a bug. Ctrl-C ends it at once.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer
import uvloop

from gradual.trial.printer import TrialPrinter
from gradual_agent.kinds.engines import Engines, Runtime
from gradual_agent.kinds.kind import Action, Actor, Engine
from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.allowed_code import AllowedCode, AllowedPath
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.leftovers import Leftovers, leave
from gradual_agent.runtime.loop_timer import LoopTimer, read_clock
from gradual_agent.runtime.sample import Sample
from gradual_agent.users.behaviour import CompiledStep
from gradual_agent.users.compiling import Compiler
from gradual_agent.users.context import UserContext, UserLog, mark_failed
from gradual_agent.users.flow.node import Node, in_order
from gradual_agent.users.flow.values import Pause
from gradual_agent.users.user import VirtualUser
from gradual_common.clock import NEVER
from gradual_common.errors import TemplateError
from gradual_common.kinds.failures import KIND
from gradual_common.kinds.kind import ActionSpec
from gradual_common.kinds.values.metrics import as_number
from gradual_common.language.document import SETUP, TEARDOWN, Once
from gradual_common.language.wording import nearest
from gradual_common.plan.loader import LoadedPlan
from gradual_common.plan.model.once import once_plan
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex, StepSeries
from gradual_common.plan.model.single_steps import Poll, Pop, Rendezvous, Step
from gradual_common.plan.model.steps import Parallel
from gradual_common.plan.sequences import names_of_sequences
from gradual_common.process.exit_codes import DONE, FAILED, INTERRUPTED
from gradual_common.process.logs import configure_logging, mask_in_logs
from gradual_common.protocol.job import all_credentials
from gradual_common.secrecy.masking import Mask, texts_in_values
from gradual_common.templates.compiled import Scope
from gradual_common.templates.functions import SEQUENCES
from gradual_common.templates.templates import Condition
from gradual_common.think_times.think_time import ThinkTime
from gradual_master.command_line.github import commands_off
from gradual_master.command_line.options import PlanArguments, folder_of, load_arguments, name_of_plan


def run_trial(arguments: PlanArguments, group: str | None) -> int:
    """Try the plan; 0 when every step succeeded, 1 when one failed, 130 when it was interrupted."""
    loaded = load_arguments(arguments)
    number = find_group(loaded.plan, group)
    configure_logging("warning")
    secrets, credentials = all_credentials(loaded.job)
    mask_in_logs(secrets, credentials)
    printer = TrialPrinter(write_line, Mask(secrets, credentials), SeriesIndex.of(loaded.plan).failures)
    with commands_off(write_line):
        return _perform(Trial(loaded, number, printer, folder_of(name_of_plan(arguments))), printer)


def _perform(trial: Trial, printer: TrialPrinter) -> int:
    leftovers = Leftovers()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        leftovers.watch(runner.get_loop())
        try:
            runner.run(trial.run())
            code = FAILED if printer.failures else DONE
        except KeyboardInterrupt:
            printer.say("\nInterrupted.")
            code = INTERRUPTED
        if not runner.run(leftovers.have_ended()):
            printer.say("\nThe code of a Python action goes on; this process ends without it.")
            leave(code)
    return code


def write_line(text: str) -> None:
    """Print a line on standard output."""
    # When the reader has closed the pipe (`| head`), the output goes to /dev/null. The iteration still runs to its end:
    # `on_stop` may have to clean up in the system.
    try:
        typer.echo(text)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def find_group(plan: Plan, name: str | None) -> int:
    """The index of the group; that of the first group if no name is given."""
    names = [group.name for group in plan.users]
    if name is None:
        return 0
    if name in names:
        return names.index(name)
    hint = nearest(name, names) or f"groups: {', '.join(names)}"
    raise typer.BadParameter(f"there is no group {name!r}; {hint}", param_hint="--group")


class Trial:
    """One user in slot 0 of one group, whose actions are printed. `code`: a folder with Python code that it may run."""

    def __init__(self, loaded: LoadedPlan, group: int, printer: TrialPrinter, code: Path | None = None) -> None:
        self._code = AllowedCode([AllowedPath.of_folder(code)] if code else [])
        self._loaded = loaded
        self._group = group
        self._printer = printer

    async def run(self) -> None:
        """Perform the set-up, the iteration if that has succeeded, and the teardown."""
        plan = self._loaded.plan
        loop = asyncio.get_running_loop()
        timer = LoopTimer(loop)
        # A trial has no master, so its lease never ends.
        runtime = Runtime(
            loop, timer.timeline, Lease(NEVER), read_clock, observer=self._printer, code=self._code, record=_drop
        )
        engines = TrialEngines(plan, runtime, self._loaded.job.assets)
        try:
            shared: dict[str, Any] = {}
            if plan.setup:
                shared = await self._perform_once(SETUP, shared, timer, engines)
            if not self._printer.failures:
                rows = self._rows()
                self._printer.begin(plan.users[self._group].name, rows)
                await self._live(plan, self._group, {**self._numbers(), **shared, **rows}, timer, engines)
            if plan.teardown:
                await self._perform_once(TEARDOWN, shared, timer, engines)
        finally:
            timer.close()
            engines.close()
        self._printer.end()

    def _numbers(self) -> dict[str, Any]:
        """The sequences of the plan, each from 1: a trial has no master."""
        counters = {name: itertools.count(1) for name in names_of_sequences(self._loaded.job.document)}
        return {SEQUENCES: lambda name: next(counters[name]) if name in counters else None}

    def _rows(self) -> dict[str, Any]:
        tables = {name: table for (group, name), table in self._loaded.data.items() if group == self._group}
        dealt = {
            name: supply.rows[0] for (group, name), supply in self._loaded.supplies.items() if group == self._group
        }
        return {**{name: row for name, table in tables.items() if (row := table.row(0)) is not None}, **dealt}

    async def _perform_once(
        self, section: Once, shared: dict[str, Any], timer: LoopTimer, engines: Engines
    ) -> dict[str, Any]:
        """Perform the set-up or the teardown; the variables that it has set."""
        self._printer.begin_once(section)
        user = await self._live(once_plan(self._loaded.plan, section), 0, shared, timer, engines)
        self._printer.learn(texts_in_values(user.extracted))
        return user.extracted

    async def _live(
        self, plan: Plan, group: int, known: dict[str, Any], timer: LoopTimer, engines: Engines
    ) -> VirtualUser:
        """One user of a group from its start to its end. `known`: rows, and what the set-up has set."""
        index = SeriesIndex.of(plan)
        recorder = Recorder(index, read_clock)
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        context = UserContext(
            timeline=timer.timeline,
            clock=read_clock,
            recorder=recorder,
            seed=self._loaded.job.seed,
            secrets=dict(self._loaded.job.secrets),
            graceful_stop=self._loaded.plan.config.graceful_stop,
            end=lambda _: ended.set_result(None),
            note_failure=lambda step, sample: self._note_failure(index.steps[step], sample),
            log=UserLog(consequence=""),
            replaces_users=False,
        )
        compiler = TrialCompiler(plan, group, recorder, engines, self._printer)
        behaviour = replace(compiler.behaviour(), iterations=1, pacing=0, keeps_response=True)
        user = VirtualUser(context, behaviour, 0, 1, known)
        user.start()
        try:
            await ended
        except asyncio.CancelledError:
            user.cut()
            raise
        return user

    def _note_failure(self, series: StepSeries, sample: Sample) -> None:
        self._printer.count_failure()
        # An action prints its failure itself; that a poll is over is known only after it.
        if not series.action or sample.kind == KIND["poll"]:
            self._printer.show_failure(series.name, sample)


class TrialCompiler(Compiler):
    """Compiles steps that are printed, and no deliberate waits."""

    def __init__(self, plan: Plan, group: int, recorder: Recorder, engines: Engines, printer: TrialPrinter) -> None:
        super().__init__(plan, group, recorder, engines)
        self._printer = printer

    def action(self, step: Step | Poll) -> tuple[Action, Engine]:
        """The action of a step, printed while it is performed."""
        action, engine = super().action(step)
        names = (step.name or step.action, step.action)
        return TrialAction(action, names, self.plan.actions[step.action], self._printer), engine

    def condition(self, text: str, step: str, *, skips: bool = False) -> Condition:
        """A condition that prints its result."""
        return TrialCondition(text, step, self._printer, skips=skips)

    def meeting(self, step: Rendezvous) -> Node:
        """Nobody comes: there are no other users."""
        return in_order([])

    def patience(self, step: Pop) -> int:
        """No wait: nobody else puts a value into the pool."""
        return 0

    def connections(self, step: Parallel) -> int:
        """One after the other, so that what is printed can be read."""
        return 1

    def pause(self, length: ThinkTime | None) -> Pause:
        """No wait."""
        return Pause(None)

    def step(self, step: Step | Poll, think_time: ThinkTime | None) -> CompiledStep:
        """A step without a think time."""
        return super().step(step, None)


class TrialEngines(Engines):
    """Keeps all of every response, to print it."""

    def compile(self, action: str, wants_headers: bool, wants_body: bool) -> Action:
        """Compile the action so that all of its responses is kept."""
        return super().compile(action, True, True)


class TrialAction:
    """Prints an action while it is performed. `names`: those of the step and the action."""

    def __init__(self, inner: Action, names: tuple[str, str], spec: ActionSpec, printer: TrialPrinter) -> None:
        self.assertion_count = inner.assertion_count
        self._inner = inner
        self._names = names
        self._spec = spec
        self._printer = printer

    async def perform(self, user: Actor, sample: Sample) -> None:
        """Print the heading, perform the action, and print the outcome."""
        self._printer.begin_step(*self._names)
        try:
            await self._inner.perform(user, sample)
        except Exception as error:
            mark_failed(sample, error, user.now())
            raise
        finally:
            extracted = {name: user.scope[name] for name in sorted(self._spec.variables) if name in user.scope}
            self._printer.end_step(self._spec, sample, extracted)


class TrialCondition(Condition):
    """A condition that prints its result."""

    __slots__ = ("_printer", "_skips", "_step")

    def __init__(self, text: str, step: str, printer: TrialPrinter, *, skips: bool) -> None:
        super().__init__(text)
        self._skips = skips
        self._step = step
        self._printer = printer

    def holds(self, scope: Scope) -> bool:
        """Evaluate the condition and print the result."""
        try:
            outcome = super().holds(scope)
        except TemplateError as error:
            self._printer.show_condition(self._step, self.text, str(error))
            raise
        self._printer.show_condition(self._step, self.text, outcome, skips=self._skips)
        return outcome


def _drop(name: str, value: Any) -> bool:
    """A trial measures nothing: values of metrics are only looked at."""
    return as_number(value) is not None
