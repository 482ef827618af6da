"""The interfaces by which users and the agent process perform actions of one kind.

Each kind has one engine per agent process. The engine compiles the plan's actions, and makes a client for each user:
the user's connections, and other state between requests. Only this client sends anything to the system.
`gradual_common.kinds.kind` is the kind in the plan.
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
    """One user's access to the system: it owns the user's connections."""

    def beside(self, owner: Resumable) -> Client:
        """Another client of the same user, for an action at the same time; it resumes `owner`.

        It has connections of its own, and shares what else the user has, such as cookies.
        """

    def interrupt(self) -> None:
        """End the request in flight with a sample of kind INTERRUPTED, and resume the user."""

    def cut(self) -> None:
        """Close everything without resuming the user; a sample in flight gets the kind INTERRUPTED."""

    def end_iteration(self) -> None:
        """Drop the state that lasts for one iteration only."""

    def close(self) -> None:
        """Close the connections: the user has ended."""


class Actor(Protocol):
    """The user, as an action sees it."""

    @property
    def client(self) -> Any:
        """The user's client of the action's own kind."""

    @property
    def scope(self) -> dict[str, Any]:
        """The variables of this iteration: templates read them, extractions set them."""

    def client_of(self, engine: Engine) -> Any:
        """The user's client of another kind, which the action's kind `uses`."""

    def begin_pause(self) -> bool:
        """The action waits on purpose: its user counts as thinking until `end_pause`. False: a stop allows no wait."""
        ...

    def end_pause(self) -> None:
        """The action goes on."""

    def note_wait(self) -> None:
        """The action waited for something that is no message: an iteration with it is not empty."""

    def now(self) -> int:
        """The agent's clock, ns."""
        ...

    async def back_off(self, length: int) -> bool:
        """Wait `length` ns in the middle of the sample; False if the user must end."""


class Action(Protocol):
    """One compiled action."""

    @property
    def assertion_count(self) -> int:
        """The number of its assertions in the plan; each is counted separately."""

    def perform(self, user: Actor, sample: Sample) -> Awaitable[None]:
        """Perform the action and fill `sample`, which was reset before, including `ended` and the judged kind.

        Failures are data. An exception is a bug of the kind; it also becomes a failure (`users.context`).
        """


class Engine(Protocol):
    """Performs the actions of one kind in an agent process."""

    @property
    def connections(self) -> int:
        """Open connections."""

    def compile(self, spec: Any, wants_headers: bool, wants_body: bool) -> Action:
        """Compile an action; `wants_…`: the parts of its responses that templates of other actions read.

        GradualError for an action that can never be performed.
        """

    def client(self, owner: Resumable, cookies: Cookies, connections: Connections) -> Client:
        """Make the client of one user; it resumes `owner` when a request has ended."""

    def describe(self, mask: Mask, sample: Sample) -> dict[str, Any]:
        """A failed exchange for reports: {"detail", "request", "response"}, as in `failed_exchange`."""
        ...

    def close(self) -> None:
        """Close the engine at the end of the run; users have closed their clients."""


class Unperformable:
    """Replaces an action whose step could not be prepared: it fails with the same error."""

    __slots__ = ("_error",)

    assertion_count = 0

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def perform(self, user: Actor, sample: Sample) -> None:
        """Fail without sending anything."""
        if not isinstance(self._error, TemplateError):
            raise self._error
        fail_template(user, sample, str(self._error))


def fail_template(user: Actor, sample: Sample, reason: str) -> None:
    """Fail the sample: its request could not be built from its templates."""
    sample.kind = KIND["template"]
    sample.detail = reason
    sample.ended = user.now()
