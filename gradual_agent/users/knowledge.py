"""The memory of one user: its rows, its random stream, its variables and the responses of this iteration, as templates
and conditions see them (docs/design/plan_language.md, "Behaviour").

Everything is created when it is first needed: a user of a group without templates has none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradual_agent.runtime.sample import Sample
from gradual_agent.users.behaviour import Behaviour
from gradual_common.clock import NS_PER_MS
from gradual_common.kinds.content import NOT_JSON, Content
from gradual_common.randomness import RandomStream
from gradual_common.templates.direct.holes import Record
from gradual_common.templates.functions import RANDOM, WALL_CLOCK

Rows = dict[str, dict[str, Any]]
"""A slot's row of each data set by its name."""

NOTHING_KEPT: dict[str, Any] = {}

MISSING = object()
"""No value of a variable is this."""


@dataclass(slots=True, eq=False, repr=False)
class ResponseView(Record):
    """`response`, and the values of `responses`."""

    status: str
    """After the assertions: success, error, or none."""
    status_code: int
    error: str
    """The name of its failure kind."""
    time_ms: float
    _content: Content

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields."""
        return self._content.headers

    @property
    def text(self) -> str:
        """The body as text."""
        return self._content.text

    @property
    def json(self) -> Any:
        """The body as JSON; None if it is not JSON."""
        return None if self._content.json is NOT_JSON else self._content.json


NO_RESPONSE = ResponseView("none", 0, "", 0.0, Content(None))


@dataclass(slots=True, eq=False, repr=False)
class Vu(Record):
    """`vu`: which user this is."""

    group: str
    """The group's name."""
    slot: int
    """The ordinal in the group."""
    tenure: int
    iteration: int


@dataclass(slots=True, eq=False, repr=False)
class Knowledge:
    """The memory of a user."""

    _behaviour: Behaviour
    _seed: int
    _ordinal: int
    _tenure: int
    _rows: Rows
    _random: RandomStream | None = None
    _scope: dict[str, Any] | None = None
    _kept: dict[str, Any] = field(default_factory=lambda: NOTHING_KEPT)
    """The variables that are kept over iterations."""
    is_used: bool = False
    """This iteration has a scope, which the next one must not see."""
    iteration: int = 0
    _passes: dict[object, int] | None = None
    """How often each node was passed that wants to know."""

    @property
    def random(self) -> RandomStream:
        """The slot's stream; the user that replaces this one after a failure continues it."""
        # It depends on seed, group, ordinal and tenure only, and each draw takes a fixed number of words: so a user
        # draws the same values in every run with the same seed, on any agent.
        stream = self._random
        if stream is None:
            stream = RandomStream.of_slot(self._seed, self._behaviour.number, self._ordinal, self._tenure)
            self._random = stream
        return stream

    def scope(self, wall_clock: Callable[[], int], secrets: dict[str, str]) -> dict[str, Any]:
        """What templates read in this iteration; extracted variables are set in it."""
        scope = self._scope
        if scope is None:
            self.is_used = True
            scope = self._scope = {
                RANDOM: self.random,
                WALL_CLOCK: wall_clock,
                "secrets": secrets,
                "vu": Vu(self._behaviour.group, self._ordinal, self._tenure, self.iteration),
                "response": NO_RESPONSE,
                "responses": {},
                **self._rows,
                **self._kept,
            }
        return scope

    def begin_iteration(self) -> None:
        """Start an iteration, which sees nothing of the last one."""
        behaviour, scope = self._behaviour, self._scope
        if scope is None:
            return
        # The scope is cleaned, not made again: that would take 1 µs.
        scope["vu"].iteration = self.iteration
        if behaviour.sets:
            for name in behaviour.sets:
                scope.pop(name, None)
            if self._rows:
                scope.update(self._rows)
            if self._kept:
                scope.update(self._kept)
        if behaviour.keeps_response:
            scope["response"] = NO_RESPONSE
            scope["responses"] = {}

    def use_row(self, name: str, row: dict[str, Any]) -> None:
        """Let templates read another row."""
        self._rows = {**self._rows, name: row}
        if self._scope is not None:
            self._scope[name] = row

    def _clear_scope(self) -> None:
        self._scope = None
        self.is_used = False

    @property
    def extracted(self) -> dict[str, Any]:
        """The variables that `on_start` has set so far, or that are kept of it."""
        scope = self._scope
        if scope is None:
            return self._kept
        return {name: scope[name] for name in self._behaviour.starts_with if name in scope}

    def keep_variables(self) -> None:
        """Keep the variables that `on_start` set, but not its responses."""
        if self._behaviour.starts_with and self._scope is not None:
            self._kept = self.extracted
        self._clear_scope()

    def passes_of(self, node: object) -> int:
        """How often a node was passed before; counts one more."""
        if self._passes is None:
            self._passes = {}
        passes = self._passes.get(node, 0)
        self._passes[node] = passes + 1
        return passes

    def branch(self) -> Knowledge:
        """The memory of one of several simultaneous steps, from here on: what the others do is not seen.

        It has a random stream of its own, which takes one word of this one: what it draws is independent of how long
        the others take. It needs a scope here.
        """
        scope = self._scope
        assert scope is not None, "a user that branches has a scope"
        made = Knowledge(self._behaviour, self._seed, self._ordinal, self._tenure, self._rows)
        made._random = RandomStream(self.random.word())
        made._scope = {**scope, RANDOM: made._random, "responses": dict(scope["responses"])}
        made._passes = self._passes
        made.iteration = self.iteration
        return made

    def join(self, branches: Sequence[Knowledge]) -> None:
        """Take over what the branches set, in their order; `response` is that of the last one."""
        scope = self._scope
        assert scope is not None, "a user that branches has a scope"
        before = {name: scope[name] for name in self._behaviour.variables if name in scope}
        for branch in branches:
            found = branch._scope or {}
            changed = {name: found[name] for name in self._behaviour.variables if name in found}
            scope.update({name: value for name, value in changed.items() if value is not before.get(name, MISSING)})
            scope["responses"].update(found["responses"])
        scope["response"] = (branches[-1]._scope or scope)["response"]

    def forget(self) -> None:
        """Reset everything but the rows, which belong to the slot."""
        self._clear_scope()
        self._passes = None
        self._kept = NOTHING_KEPT
        self.iteration = 0


def keep_response(scope: dict[str, Any], step: str, sample: Sample, error: str) -> None:
    """Let templates see how a step ended; `error`: the name of its failure kind."""
    status, time_ms = "error" if sample.kind else "success", (sample.ended - sample.started) / NS_PER_MS
    view = ResponseView(status, sample.status_code, error, time_ms, Content(sample.response))
    scope["response"] = scope["responses"][step] = view
