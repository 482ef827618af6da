"""Steps that neither send nor wait: an iteration of them is empty, and a loop of them only uses the agent's CPU.

What an expression decides at run time is not known here, so such steps count as steps that do something: a warning is
about what chance or the plan itself brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradual_common.errors import Problem
from gradual_common.language.document import Path
from gradual_common.language.plan_view import PlanView
from gradual_common.plan.checks.flow import constant_value
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.single_steps import Pop, Push, SetVariables, Sleep, Step
from gradual_common.plan.model.steps import Choose, If, Repeat, SomeStep, While, inner_steps

FEW_PASSES = 100
"""So many passes of a loop that only computes are no mistake."""


def idleness_warnings(view: PlanView, plan: Plan) -> Iterator[Problem]:
    """Iterations that may be empty, and loops that never wait, of a plan without mistakes."""
    for group, written in zip(plan.users, view.groups, strict=True):
        if are_idle(group.behavior) and not group.pacing:
            yield _empty_iterations(view, (*written.path, "behavior"), always=are_idle(group.behavior, surely=True))
        for step, entry in zip(group.all_steps(), written.entries, strict=True):
            most = _most_passes(step)
            if isinstance(step, Repeat | While) and most > FEW_PASSES and are_idle(step.steps, surely=True):
                message = f"{most:,} passes without a request or a wait only use the agent's CPU"
                yield view.document.problem((*entry.path, entry.kind), message, "add a step such as {sleep: 100ms}")


def _empty_iterations(view: PlanView, path: Path, *, always: bool) -> Problem:
    which = "every iteration" if always else "an iteration may be empty: it"
    message = f"{which} sends nothing and does not wait, so its user sleeps 100 ms after it"
    return view.document.problem(path, message, "give the group a pacing, or an empty branch a step {sleep: 1s}")


def are_idle(steps: Iterable[SomeStep], *, surely: bool = False) -> bool:
    """Whether all of these steps together may, or `surely` do, neither send nor wait."""
    return all(_is_idle(step, surely) for step in steps)


def _is_idle(step: SomeStep, surely: bool) -> bool:
    ways = _ways_through(step, surely)
    if ways is None:
        return _does_nothing(step)
    decide = any if isinstance(step, Choose) and not surely else all
    return decide(are_idle(steps, surely=surely) for steps in ways)


def _does_nothing(step: SomeStep) -> bool:
    """Whether a step without steps in it neither sends nor waits."""
    match step:
        case Step():
            return constant_value(step.condition) is False
        case Sleep():
            return step.sleep.fixed == 0
        case Pop():
            return step.wait == 0
    return isinstance(step, SetVariables | Push)


def _ways_through(step: SomeStep, surely: bool) -> list[tuple[SomeStep, ...]] | None:
    """The lists of steps of which one is performed; none for a loop without a pass; None for a step without steps."""
    match step:
        case If():
            holds = constant_value(step.condition)
            branches = ((step.steps, True), (step.otherwise, False))
            return [steps for steps, when in branches if holds is None or holds is when]
        case Choose():
            return [branch.steps for branch in step.choose if branch.weight]
        case Repeat() | While():
            return [] if _has_no_pass(step, surely) else [step.steps]
    inner = inner_steps(step)
    return [inner] if inner else None


def _has_no_pass(step: Repeat | While, surely: bool) -> bool:
    if isinstance(step, While):
        return constant_value(step.condition) is False
    if isinstance(step.repeat, str):
        return False
    low, high = step.repeat if isinstance(step.repeat, tuple) else (step.repeat, step.repeat)
    return (high if surely else low) == 0


def _most_passes(step: SomeStep) -> int:
    """The most passes of a loop as far as the plan says; 0 for what is none."""
    match step:
        case While():
            return step.max
        case Repeat(repeat=int(passes)) | Repeat(repeat=(_, int(passes))):
            return passes
    return 0
