"""The exceptions of `gradual_agent`.

GradualError
└── AgentError               everything that an agent raises on purpose
    ├── AddressError         a master's address that cannot be read, or that may not be dialled (exit 2)
    ├── SessionError         an event that the session does not know in its state
    ├── JobError             a job that this agent cannot work on (exit 3)
    ├── NotAllowedError      a destination that --allow-host leaves out
    ├── ActionFailedError    a Python action that fails on purpose
    └── RequestFailedError   a request of a Python action that has no response, or a status of 400 and more
"""

from __future__ import annotations

from typing import Any

from gradual_common.errors import GradualError


class AgentError(GradualError):
    """Everything that an agent raises on purpose."""


class AddressError(AgentError):
    """A master's address that cannot be read, or that may not be dialled; the message says what is allowed."""


class SessionError(AgentError):
    """An event that the session does not know in its state; the message names both."""


class JobError(AgentError):
    """A job that this agent cannot work on; the message says what is wrong with it."""


class NotAllowedError(AgentError):
    """A destination that `--allow-host` leaves out; the message names both. It becomes a failure of the request."""


class ActionFailedError(AgentError):
    """A Python action fails on purpose (`user.fail`); the message says why."""


class RequestFailedError(AgentError):
    """A request of a Python action has no response, or a status of 400 and more.

    If the code does not catch it, the action fails with the request's own kind of failure.
    """

    def __init__(self, kind: str, detail: str, response: Any = None) -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        """The name of the failure, such as `timeout` or `status`."""
        self.detail = detail
        """Why, in words."""
        self.response = response
        """An `ActionResponse`, of a status of 400 and more; else None."""
