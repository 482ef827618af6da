"""A group's behaviour: compiled from the plan, executed by its users."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from gradual_agent.kinds.kind import Action, Engine
from gradual_agent.recording.group_meter import GroupMeter
from gradual_agent.recording.recorder import Recorder
from gradual_agent.recording.step_record import StepRecord
from gradual_common.language.document import SECTIONS
from gradual_common.plan.model.plan import Connections, Cookies, Plan, Step, UserGroup
from gradual_common.templates.templates import Condition, names_in
from gradual_common.think_times.think_time import ThinkTime, WaitAt


class Actions(Protocol):
    """The actions of a plan by name, and their engines (`kinds.engines`)."""

    def engine_of(self, action: str) -> Engine:
        """The engine that performs an action."""
        ...

    def texts_of(self, action: str) -> list[str]:
        """Every text of an action that may be a template."""
        ...

    def compile(self, action: str, wants_headers: bool, wants_body: bool) -> Action:
        """Compile an action; templates read the headers or the body of its response, or not."""
        ...


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """One step: what it does, when, how long its user thinks after it, and where it is recorded."""

    name: str
    action: Action
    engine: Engine
    condition: Condition | None
    fixed_wait: int | None
    """The think time after it if that is constant, ns; the user then needs no random stream."""
    wait_at: WaitAt | None
    """The think time as a function of a random number; None without a think time."""
    record: StepRecord


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the users of one group do. Times in ns."""

    number: int
    group: str
    """The group's name."""
    on_start: tuple[CompiledStep, ...]
    steps: tuple[CompiledStep, ...]
    on_stop: tuple[CompiledStep, ...]
    pacing: int
    """The minimum from the start of an iteration to the start of the next; 0 without pacing."""
    iterations: int
    """After this many iterations a user has ended for good; 0 without a limit."""
    finishes_iteration: bool
    """A user that is asked to stop finishes its iteration."""
    cookies: Cookies
    connections: Connections
    keeps_response: bool
    """Some template reads `response` or `responses`."""
    starts_with: frozenset[str]
    """The variables that `on_start` may set; they are kept over iterations."""
    extracts: frozenset[str]
    """The variables that an iteration may set; the next one must not see them."""
    ends_iterations: bool
    """A user's client drops connections or cookies after each iteration."""
    mixes_kinds: bool
    """Its users perform actions of several kinds, and have one client per kind."""
    meter: GroupMeter


def response_use(texts: Iterable[tuple[str, bool]]) -> tuple[bool, bool, bool]:
    """Whether templates read anything of responses, their headers, their bodies; `texts`: (text, is it a condition)."""
    # By the words in the texts, not by evaluation: a body that is kept without need costs memory only, and one that is
    # missing would make a template fail. So `response[name]` counts as reading everything.
    reading = " ".join(
        text
        for text, condition in texts
        if "response" in text and names_in(text, condition) & {"response", "responses"}
    )
    dynamic = "response[" in reading or "response|" in reading.replace(" ", "")
    return bool(reading), dynamic or "headers" in reading, dynamic or "json" in reading or "text" in reading


def compile_behaviour(plan: Plan, number: int, recorder: Recorder, actions: Actions) -> Behaviour:
    """Compile group `number` of `plan`; raises TemplateError for a text that cannot be compiled."""
    group = plan.users[number]
    names, think_time = _actions(group), group.think_time or plan.config.think_time
    reads_any, *reads = response_use(_texts(group, actions))
    records = iter([recorder.steps[series.number] for series in recorder.index.steps if series.group == number])
    compiled = {name: (actions.compile(name, *reads), actions.engine_of(name)) for name in names}
    sections = {
        section: tuple(
            _compile_step(step, *compiled[step.action], next(records), step.think_time or think_time)
            for step in _steps(group, section)
        )
        for section in SECTIONS
    }
    cookies, connections = group.cookies or plan.config.cookies, group.connections or plan.config.connections
    return Behaviour(
        number=number,
        group=group.name,
        on_start=sections["on_start"],
        steps=sections["behavior"],
        on_stop=sections["on_stop"],
        pacing=group.pacing or 0,
        iterations=group.iterations or 0,
        finishes_iteration=group.stop_at == "iteration",
        cookies=cookies,
        connections=connections,
        keeps_response=reads_any,
        starts_with=_extracted(plan, group.on_start),
        extracts=_extracted(plan, group.behavior),
        ends_iterations="per_iteration" in (cookies, connections),
        mixes_kinds=len({plan.actions[name].kind for name in names}) > 1,
        meter=recorder.groups[number],
    )


def _extracted(plan: Plan, steps: Iterable[Step]) -> frozenset[str]:
    return frozenset(name for step in steps for name in plan.actions[step.action].extract)


def _steps(group: UserGroup, section: str) -> tuple[Step, ...]:
    steps: tuple[Step, ...] = getattr(group, section)
    return steps


def _texts(group: UserGroup, actions: Actions) -> list[tuple[str, bool]]:
    steps = [step for section in SECTIONS for step in _steps(group, section)]
    conditions = [(step.condition, True) for step in steps if step.condition is not None]
    return conditions + [(text, False) for action in _actions(group) for text in actions.texts_of(action)]


def _actions(group: UserGroup) -> list[str]:
    """The names of the actions that a group performs."""
    return sorted({step.action for section in SECTIONS for step in _steps(group, section)})


def _compile_step(
    step: Step, action: Action, engine: Engine, record: StepRecord, think_time: ThinkTime | None
) -> CompiledStep:
    record.assertion_count = action.assertion_count
    return CompiledStep(
        name=step.name or step.action,
        action=action,
        engine=engine,
        condition=None if step.condition is None else Condition(step.condition),
        fixed_wait=think_time.fixed if think_time else 0,
        wait_at=think_time.compile() if think_time else None,
        record=record,
    )
