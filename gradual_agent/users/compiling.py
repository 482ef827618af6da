"""From a group of the plan to its behaviour: steps are compiled, and put together to the tree of `flow`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from gradual_agent.kinds.kind import Action, Engine
from gradual_agent.kinds.retried import RetriedAction
from gradual_agent.recording.recorder import Recorder
from gradual_agent.recording.step_record import StepRecord
from gradual_agent.users.behaviour import ON_FAILURE, TOLERATED, Actions, Behaviour, CompiledStep
from gradual_agent.users.flow.branches import ChosenAtRandom, ChosenInTurn, IfHolds
from gradual_agent.users.flow.loops import Repeated, RepeatedBy, WhileHolds
from gradual_agent.users.flow.meeting import Meeting
from gradual_agent.users.flow.node import Node, Straight, in_order
from gradual_agent.users.flow.parallel import Simultaneous
from gradual_agent.users.flow.polling import Polled
from gradual_agent.users.flow.pooling import Popped, Pushed
from gradual_agent.users.flow.transaction import Timed
from gradual_agent.users.flow.values import Pause, SetValues
from gradual_agent.users.group_use import actions_of, response_use, texts_of, variables_of
from gradual_agent.users.shared.places import Places
from gradual_agent.users.shared.pools import Pools
from gradual_common.kinds.registry import kind_called
from gradual_common.language.document import Section
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import name_in_results
from gradual_common.plan.model.single_steps import Poll, Pop, Push, Rendezvous, SetVariables, Sleep, Step
from gradual_common.plan.model.steps import (
    Choose,
    If,
    Parallel,
    Repeat,
    SomeStep,
    Transaction,
    While,
)
from gradual_common.templates.templates import Condition, compile_template, compile_value
from gradual_common.templates.trees import is_template
from gradual_common.think_times.think_time import ThinkTime


def compile_behaviour(
    plan: Plan,
    number: int,
    recorder: Recorder,
    actions: Actions,
    places: Places | None = None,
    *,
    pools: Pools | None = None,
) -> Behaviour:
    """Compile group `number` of `plan`; raises TemplateError for a text that cannot be compiled."""
    return Compiler(plan, number, recorder, actions, places, pools=pools).behaviour()


class Compiler:
    """Compiles one group. `gradual try` overrides what it prints and leaves out."""

    def __init__(
        self,
        plan: Plan,
        number: int,
        recorder: Recorder,
        actions: Actions,
        places: Places | None = None,
        *,
        pools: Pools | None = None,
    ) -> None:
        self.plan = plan
        self.group = group = plan.users[number]
        self.recorder = recorder
        self._number = number
        self._actions = actions
        self._compiled: dict[str, Action] = {}
        """By the name of the action: steps share them."""
        index = recorder.index
        self._pools = Pools() if pools is None else pools
        self._places = places or Places(len(index.places))
        steps = [series for series in index.steps if series.group == number]
        self._records = {(series.section, series.name): recorder.steps[series.number] for series in steps}
        self._transactions = {
            series.name: record
            for series, record in zip(index.transactions, recorder.transactions, strict=True)
            if series.group == number
        }
        self._keeps_response, *self._reads = response_use(texts_of(group, actions))
        self._section: Section = "behavior"

    def behaviour(self) -> Behaviour:
        """The whole behaviour; raises TemplateError for a text that cannot be compiled."""
        plan, group = self.plan, self.group
        on_start, body, on_stop = (self.section(section, steps) for section, steps in group.sections())
        cookies, connections = group.cookies or plan.config.cookies, group.connections or plan.config.connections
        return Behaviour(
            number=self._number,
            group=group.name,
            on_start=on_start,
            body=self.sequence(()) if body is None else body,
            on_stop=on_stop,
            some_record=next(iter(self._records.values())),
            pacing=group.pacing or 0,
            iterations=group.iterations or 0,
            finishes_iteration=group.stop_at == "iteration",
            cookies=cookies,
            connections=connections,
            keeps_response=self._keeps_response,
            starts_with=variables_of(plan, group.on_start),
            sets=variables_of(plan, group.behavior),
            ends_iterations="per_iteration" in (cookies, connections),
            mixes_kinds=len({kind for name in actions_of(group) for kind in _kinds_of(plan, name)}) > 1,
            meter=self.recorder.groups[self._number],
        )

    def section(self, section: Section, steps: Iterable[SomeStep]) -> Node | None:
        """One list of steps of the group; None if it is empty."""
        self._section = section
        return self.sequence(steps) if steps else None

    def sequence(self, steps: Iterable[SomeStep], *, waits: bool = True) -> Node:
        """Steps in order; without `waits`, no default think time comes after the actions among them."""
        # Neighbouring actions become one leaf, which the user performs in one loop.
        parts: list[Node] = []
        straight: list[CompiledStep] = []
        for step in steps:
            if isinstance(step, Step):
                straight.append(self.step(step, step.think_time or (self._default if waits else None)))
                continue
            if straight:
                parts.append(Straight(tuple(straight)))
                straight = []
            parts.append(self.node(step))
        if straight:
            parts.append(Straight(tuple(straight)))
        return in_order(parts)

    @property
    def _default(self) -> ThinkTime | None:
        return self.group.think_time or self.plan.config.think_time

    def node(self, step: SomeStep) -> Node:
        """A step of the flow."""
        return MAKERS[type(step)](self, step)

    def _while(self, step: While) -> Node:
        return WhileHolds(self.sequence(step.steps), self._condition(step), step.max, self._record(step))

    def _if(self, step: If) -> Node:
        then, otherwise = self.sequence(step.steps), self.sequence(step.otherwise)
        return IfHolds(self._condition(step), then, otherwise, self._record(step))

    def _choose(self, step: Choose) -> Node:
        chosen = ChosenInTurn if step.by == "round" else ChosenAtRandom
        return chosen([self.sequence(one.steps) for one in step.choose], [one.weight for one in step.choose])

    def _transaction(self, step: Transaction) -> Node:
        return Timed(self.sequence(step.steps), self._transactions[step.transaction])

    def _parallel(self, step: Parallel) -> Node:
        parts = [self.sequence([inner], waits=False) for inner in step.parallel]
        return Simultaneous(parts, self.connections(step), self.pause(step.think_time or self._default))

    def _rendezvous(self, step: Rendezvous) -> Node:
        return self.meeting(step)

    def meeting(self, step: Rendezvous) -> Node:
        """Where users wait for each other."""
        number = [place.name for place in self.recorder.index.places].index(step.rendezvous)
        return Meeting(self._places[number], step.timeout, self._transactions[step.rendezvous])

    def _sleep(self, step: Sleep) -> Node:
        return self.pause(step.sleep)

    def _set(self, step: SetVariables) -> Node:
        values = {name: compile_value(value) for name, value in step.variables.items()}
        return SetValues(values, self._record(step))

    def _push(self, step: Push) -> Node:
        values = [(self._pools[name], compile_value(value)) for name, value in step.push.items()]
        return Pushed(values, self._record(step))

    def _pop(self, step: Pop) -> Node:
        return Popped(step.variable, self._pools[step.pool], self.patience(step), self._record(step))

    def _repeat(self, step: Repeat) -> Node:
        body = self.sequence(step.steps)
        match step.repeat:
            case str(text):
                expression = compile_template(text if is_template(text) else f"{{{{ {text} }}}}")
                return RepeatedBy(body, expression, self._record(step))
            case (low, high):
                return Repeated(body, low, high)
            case passes:
                return Repeated(body, passes, passes)

    def _poll(self, step: Poll) -> Node:
        name = step.name or step.action
        return Polled(
            step=replace(self.step(step, None), on_failure=TOLERATED),
            until=self.condition(step.until, name),
            every=step.every,
            within=step.within,
            record=self._transactions[name],
            failures=self.recorder.index.failures,
            after=self.pause(step.think_time or self._default),
            on_failure=ON_FAILURE[step.on_failure],
        )

    def _condition(self, step: While | If) -> Condition:
        return self.condition(step.condition, step.name or step.kind)

    def _record(self, step: SomeStep) -> StepRecord:
        return self._records[self._section, name_in_results(step) or ""]

    def condition(self, text: str, step: str, *, skips: bool = False) -> Condition:
        """An expression of the step of this name; `skips`: if it is false, the step is left out."""
        return Condition(text)

    def patience(self, step: Pop) -> int:
        """How long a user waits for a value of a pool, ns."""
        return step.wait

    def connections(self, step: Parallel) -> int:
        """How many of the steps are performed at the same time."""
        return step.connections

    def pause(self, length: ThinkTime | None) -> Pause:
        """A deliberate wait."""
        return Pause(length)

    def action(self, step: Step | Poll) -> tuple[Action, Engine]:
        """The action of a step, and its engine."""
        action = self._compiled.get(step.action) or self._actions.compile(step.action, *self._reads)
        self._compiled[step.action] = action
        if isinstance(step, Step) and step.retry is not None:
            action = RetriedAction(action, step.retry, self.recorder.index.failures)
        return action, self._actions.engine_of(step.action)

    def step(self, step: Step | Poll, think_time: ThinkTime | None) -> CompiledStep:
        """A step that performs an action."""
        name, record = step.name or step.action, self._record(step)
        action, engine = self.action(step)
        record.assertion_count = action.assertion_count
        if len(_kinds_of(self.plan, step.action)) > 1:
            record.expect_none()
        condition = step.condition if isinstance(step, Step) else None
        return CompiledStep(
            name=name,
            action=action,
            engine=engine,
            condition=None if condition is None else self.condition(condition, name, skips=True),
            fixed_wait=think_time.fixed if think_time else 0,
            wait_at=think_time.compile() if think_time else None,
            record=record,
            on_failure=ON_FAILURE[step.on_failure],
        )


MAKERS: dict[type[SomeStep], Callable[[Compiler, Any], Node]] = {
    Repeat: Compiler._repeat,
    While: Compiler._while,
    If: Compiler._if,
    Choose: Compiler._choose,
    Transaction: Compiler._transaction,
    Parallel: Compiler._parallel,
    Poll: Compiler._poll,
    Rendezvous: Compiler._rendezvous,
    Sleep: Compiler._sleep,
    SetVariables: Compiler._set,
    Push: Compiler._push,
    Pop: Compiler._pop,
}
"""What makes the node of each kind of step."""


def _kinds_of(plan: Plan, action: str) -> tuple[str, ...]:
    """The kinds whose clients an action uses."""
    kind = kind_called(plan.actions[action].kind)
    return (kind.name, *kind.uses)
