"""What performs actions of one kind, as users and the agent process see it.

A kind of action has an engine, one per agent process, which compiles the plan's actions and makes a client for each
user: the user's connections, and whatever else it keeps between requests. An action reaches the system through the
client of its user, and nothing else does. `gradual_common.kinds.kind` is the plan's side.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.suspension import Resumable
from gradual_common.errors import TemplateError
from gradual_common.kinds.failures import KIND
from gradual_common.plan.model.plan import Connections, Cookies
from gradual_common.secrecy.masking import Mask


class Client(Protocol):
    """One user's way to the system: it owns the user's connections."""

    def interrupt(self) -> None:
        """End what is suspended in it; its user is resumed with a sample of kind INTERRUPTED."""

    def cut(self) -> None:
        """Close everything and resume nobody; a sample in flight is of kind INTERRUPTED."""

    def end_iteration(self) -> None:
        """Forget what does not outlive an iteration."""

    def close(self) -> None:
        """The user is gone."""


class Actor(Protocol):
    """The user, as an action sees it."""

    @property
    def client(self) -> Any:
        """The user's client of the action's own kind."""

    @property
    def scope(self) -> dict[str, Any]:
        """What templates read in this iteration; extracted variables are set in it."""

    def now(self) -> int:
        """The agent's clock, ns."""


class Action(Protocol):
    """One compiled action."""

    @property
    def assertion_count(self) -> int:
        """How many assertions the plan gives it, each of which is counted."""

    def perform(self, user: Actor, sample: Sample) -> Awaitable[None]:
        """Do it and fill `sample`, which was reset to its start: `ended` and the judged kind among the rest.

        Failures are data; what it raises all the same is one, too (`users.context`).
        """


class Engine(Protocol):
    """Performs the actions of one kind in an agent process."""

    @property
    def connections(self) -> int:
        """How many are open."""

    def compile(self, spec: Any, wants_headers: bool, wants_body: bool) -> Action:
        """An action of the plan; `wants_…`: what templates elsewhere read of its responses.

        GradualError for one that can never be performed.
        """

    def client(self, owner: Resumable, cookies: Cookies, connections: Connections) -> Client:
        """The client of one user, which is resumed when what it waits for is over."""

    def describe(self, mask: Mask, sample: Sample) -> dict[str, Any]:
        """A failed exchange as people look at it: {"detail", "request", "response"}, as in `exchange`."""
        ...

    def close(self) -> None:
        """The run is over; users have closed their clients."""


class Unperformable:
    """Stands in for an action whose step could not be decided on: it fails by the same error."""

    __slots__ = ("_error",)

    assertion_count = 0

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def perform(self, user: Actor, sample: Sample) -> None:
        """Fail; nothing is sent."""
        if not isinstance(self._error, TemplateError):
            raise self._error
        fail_template(user, sample, str(self._error))


def fail_template(user: Actor, sample: Sample, reason: str) -> None:
    """What was to be sent could not be built from its templates."""
    sample.kind = KIND["template"]
    sample.detail = reason
    sample.ended = user.now()
