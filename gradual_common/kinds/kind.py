"""What a kind of action is, as the plan, the master and the reports see it.

A kind is an instance of a subclass of `ActionKind`. Built-in kinds are in `registry`, others are registered by an entry
point of the group `gradual.actions`. The engine is named, not imported: only agents and `gradual try` import it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from gradual_common.kinds.checks.check import Assertion
from gradual_common.kinds.failure import FailureKind
from gradual_common.kinds.model import ActionSpec
from gradual_common.language.plan_view import PlanView


class ActionKind:
    """One kind of action. `docs/extending.md` says how to make one."""

    name: ClassVar[str]
    """The word under `kind`."""

    model: ClassVar[type[ActionSpec]]
    """The keys of such an action, each with the text that `gradual schema` shows under it."""

    engine: ClassVar[str]
    """`package.module:name` of a `gradual_agent.kinds.engines.MakeEngine`, which makes the engine of this kind."""

    failures: ClassVar[tuple[FailureKind, ...]] = ()
    """Its own failures; every action may also fail by a template, an assertion, an extraction or a timeout."""

    template_keys: ClassVar[tuple[str, ...]] = ("assertions",)
    """The keys of an action whose texts are templates."""

    def check(self, view: PlanView) -> None:
        """Report mistakes that the model cannot find; `view.actions_of(self.name)` are the actions."""

    def texts(self, config: Any, action: ActionSpec) -> Iterator[str]:
        """Every text that may be a template, of an action and of the parts of `config` that it uses."""
        for key in self.template_keys:
            yield from texts_in(getattr(action, key))


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a value of the plan."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Assertion):
        yield from texts_in(value.expected)
    elif isinstance(value, Mapping):
        for name, entry in value.items():
            yield from texts_in(name)
            yield from texts_in(entry)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)
