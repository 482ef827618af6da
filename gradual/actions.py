"""The types that the code of a Python action gets and catches."""

from gradual_agent.errors import RequestFailedError
from gradual_agent.kinds.python.user import ActionResponse, ActionUser

__all__ = ["ActionResponse", "ActionUser", "RequestFailedError"]
