"""A custom action kind, the part for plans: a line over TCP, and a line as the answer.

Every process that reads a plan with `kind: lines` imports it: `gradual validate`, the master, every agent.
"""

from typing import Annotated, Literal

from pydantic import Field

from gradual_common.kinds.failure import FailureKind
from gradual_common.kinds.kind import ActionKind, ActionSpec
from gradual_common.language.model import PositiveDuration
from gradual_common.language.plan_view import PlanView


class LinesSpec(ActionSpec):
    """An entry of `actions:`: one line over TCP, and assertions on the answer."""

    kind: Literal["lines"]
    """Lines over TCP."""

    server: Annotated[str, Field(min_length=1)]
    """host:port"""

    send: str
    """The line, without its end; templates are allowed."""

    timeout: PositiveDuration = 5_000_000_000
    """For the connection and the answer, with a unit; default: 5s."""

    @property
    def address(self) -> str:
        """The server, as reports show it."""
        return f"tcp://{self.server}"


class LinesKind(ActionKind):
    """`kind: lines`."""

    name = "lines"
    model = LinesSpec
    engine = "lines_engine:make_engine"
    failures = (
        FailureKind("lines_connect", "no connection to the line server", has_response=False),
        FailureKind("lines_closed", "line server hung up", has_response=False),
        FailureKind(
            "lines_error",
            "line server answered with an error",
            has_response=True,
            causes=(("no such command", "line server does not know the command"),),
        ),
    )
    template_keys = ("send", "assertions", "record")

    def check(self, view: PlanView) -> None:
        """Report a server that has no port."""
        for name, action in view.actions_of(self.name).items():
            server = action.get("server")
            if isinstance(server, str) and not server.rpartition(":")[2].isdecimal():
                view.document.report(("actions", name, "server"), f"{server!r} has no port", "write host:port")


LINES = LinesKind()
