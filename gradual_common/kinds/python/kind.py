"""The kind `python`: a coroutine of the user's own, for what the plan language cannot say.

Nothing is imported here. A plan alone runs no code: validating one, and the master, read only the form of the name. The
agents that perform the action find the code, if their operators allow it (`gradual_agent.runtime.allowed_code`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from keyword import iskeyword
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from gradual_common.kinds.failure import FailureKind
from gradual_common.kinds.kind import ActionKind, ActionSpec, texts_in
from gradual_common.kinds.values.metrics import Metric, WrittenMetric
from gradual_common.language.model import Name
from gradual_common.language.plan_view import PlanView

_WORD: Final = r"[^\W\d]\w*"
_NAME: Final = re.compile(rf"(?P<module>{_WORD}(\.{_WORD})*):(?P<coroutine>{_WORD})|[^\s:/\\]+")

READS_EVERYTHING: Final = "{{ response.headers }} {{ response.text }}"
"""Stands for the code among the texts of an action, as it may read all of every response of its iteration."""

FAILURE: Final = FailureKind(
    "python",
    "Python action failed",
    pattern=(re.compile(r"^([A-Za-z_]\w*)(?:: .*)? \([^()]+:\d+\)$", re.DOTALL), "{} in Python code"),
)


def check_name(name: str) -> str:
    """`module:coroutine`, or the name of an entry point."""
    is_file = name.partition(":")[0].endswith(".py")
    if _NAME.fullmatch(name) and not is_file:
        return name
    hint = ""
    if is_file:
        hint = f"; write the module without .py: {name.replace('.py:', ':', 1)}"
    raise ValueError(f"{name!r} names no code; write module:coroutine, or the name of an installed action{hint}")


def check_argument(name: str) -> str:
    """The name of a keyword argument of Python."""
    if name.isidentifier() and not iskeyword(name):
        return name
    raise ValueError(f"{name!r} is no name of an argument in Python; use letters, digits and _")


class PythonSpec(ActionSpec):
    """An entry of `actions:` that calls a coroutine function with the user, and with `args`."""

    kind: Literal["python"] = "python"
    """The kind of the action; `python: …` implies it."""

    python: Annotated[str, AfterValidator(check_name)]
    """The coroutine function: module:coroutine, or the name of an entry point of the group gradual.actions."""

    args: dict[Annotated[str, AfterValidator(check_argument)], Any] = Field(default={})
    """Its keyword arguments; templates are allowed."""

    sets: tuple[Name, ...] = ()
    """The variables that it may set."""

    record: dict[Name, Annotated[Metric, WrittenMetric((), by_code=True)]] = Field(default={})
    """Custom metrics that it records by user.record(name, value)."""

    @property
    def address(self) -> str:
        """The name of the code."""
        return self.python

    @property
    def variables(self) -> frozenset[str]:
        """What it may set."""
        return frozenset(self.sets)


class PythonKind(ActionKind):
    """A coroutine of the user's own; its requests are sent by the engine of HTTP actions."""

    name = "python"
    model = PythonSpec
    engine = "gradual_agent.kinds.python.engine:make_engine"
    uses = ("http",)
    failures = (FAILURE,)
    template_keys = ("args",)

    def check(self, view: PlanView) -> None:
        """Report assertions and extractions: the code makes its own."""
        instead = {"assertions": 'call user.fail("why")', "extract": "list the variables under sets, and set them"}
        for name, action in view.actions_of(self.name).items():
            for key, hint in instead.items():
                if key in action:
                    what = "assertions" if key == "assertions" else "extractions"
                    message = f"a Python action has no {what}: its code reads its own responses"
                    view.document.report(("actions", name, key), message, hint)

    def texts(self, config: Any, action: ActionSpec) -> Iterator[str]:
        """The arguments, the parts of `config` that requests use, and what stands for the code."""
        yield from texts_in(config.base_url)
        yield from texts_in(config.headers)
        yield from super().texts(config, action)
        yield READS_EVERYTHING
