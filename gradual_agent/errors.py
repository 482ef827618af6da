"""The exceptions of `gradual_agent`.

GradualError
└── AgentError               everything that an agent raises on purpose
    ├── AddressError         a master's address that cannot be read, or that may not be dialled (exit 2)
    ├── SessionError         an event that the session does not know in its state
    ├── JobError             a job that this agent cannot work on (exit 3)
    └── NotAllowedError      a destination that --allow-host leaves out
"""

from __future__ import annotations

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
