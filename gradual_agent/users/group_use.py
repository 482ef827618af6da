"""What the steps of a group use: actions, variables, and what their templates read of responses."""

from __future__ import annotations

from collections.abc import Iterable

from gradual_agent.users.behaviour import Actions
from gradual_common.plan.model.plan import Plan, UserGroup
from gradual_common.plan.model.single_steps import Poll, Pop, SetVariables, Step
from gradual_common.plan.model.steps import SomeStep, expressions_of, templates_of, walk_steps
from gradual_common.templates.trees import names_in


def actions_of(group: UserGroup) -> list[str]:
    """The names of the actions that a group performs."""
    return sorted({step.action for step in group.all_steps() if isinstance(step, Step | Poll)})


def variables_of(plan: Plan, steps: Iterable[SomeStep]) -> frozenset[str]:
    """The variables that steps set."""
    found: set[str] = set()
    for step in walk_steps(steps):
        if isinstance(step, SetVariables):
            found.update(step.variables)
        elif isinstance(step, Pop):
            found.add(step.variable)
        elif isinstance(step, Step | Poll):
            found.update(plan.actions[step.action].variables)
    return frozenset(found)


def texts_of(group: UserGroup, actions: Actions) -> list[tuple[str, bool]]:
    """All texts that a group's steps and actions have, each with whether it is a condition."""
    texts = [(text, True) for step in group.all_steps() for text in expressions_of(step)]
    texts += [(text, False) for step in group.all_steps() for text in templates_of(step)]
    return texts + [(text, False) for action in actions_of(group) for text in actions.texts_of(action)]


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
