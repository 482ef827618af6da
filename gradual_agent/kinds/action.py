"""Actions: what a step does. An action reaches the system through the client of its user, and nothing else does.

A kind of action is a module here, with an `Action` that is compiled once per group. What the domain asks of an engine
is `Engine` and `Client`; `gradual_agent.http` is one.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.suspension import Resumable
from gradual_common.errors import TemplateError
from gradual_common.kinds.failures import KIND
from gradual_common.plan.model.groups import Connections, Cookies


class CookieValues(Protocol):
    """A user's cookies, as extractions read them."""

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of the cookie `name`."""
        ...


class Client(Protocol):
    """One user's way to the system: it owns the user's connections and cookies."""

    @property
    def cookies(self) -> CookieValues:
        """The user's cookies."""
        ...

    def fetch(self, request: Any, sample: Sample) -> Awaitable[None]:
        """Send `request`, which the engine's own `build_request` made, and fill `sample`."""
        ...

    def interrupt(self) -> None:
        """End the fetch that is suspended; its user is resumed with a sample of kind INTERRUPTED."""
        ...

    def cut(self) -> None:
        """Close everything and resume nobody."""
        ...

    def end_iteration(self) -> None:
        """Forget what does not outlive an iteration."""
        ...

    def close(self) -> None:
        """The user is gone."""
        ...


class Engine(Protocol):
    """Makes clients."""

    def client(self, owner: Resumable, cookies: Cookies, connections: Connections) -> Client:
        """The client of one user."""
        ...


class Actor(Protocol):
    """The user, as an action sees it. `scope`: what templates read; extracted variables are set in it."""

    @property
    def client(self) -> Client:
        """The user's client."""
        ...

    @property
    def scope(self) -> dict[str, Any]:
        """Names and values in this iteration."""
        ...

    def now(self) -> int:
        """The agent's clock, ns."""
        ...


class Action(Protocol):
    """One compiled action. `assertion_count`: how many assertions are counted one by one."""

    @property
    def assertion_count(self) -> int:
        """How many assertions the plan gives it."""
        ...

    def perform(self, user: Actor, sample: Sample) -> Awaitable[None]:
        """Do it and fill `sample`, which was reset to its start: `ended` and the judged kind among the rest.

        Failures are data; what it raises all the same is one, too (`unforeseen`).
        """
        ...


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
