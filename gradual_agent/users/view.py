"""What templates and conditions see of a response and of the user itself (PLAN.md, 'Behaviour')."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradual_agent.runtime.sample import Sample
from gradual_common.clock import NS_PER_MS
from gradual_common.kinds.content import NOT_JSON, Content


class ResponseView:
    """`response`, and the values of `responses`. `status` follows the assertions: success, error, or none."""

    __slots__ = ("_content", "error", "status", "status_code", "time_ms")

    def __init__(self, status: str, status_code: int, error: str, time_ms: float, content: Content) -> None:
        self.status = status
        self.status_code = status_code
        self.error = error
        self.time_ms = time_ms
        self._content = content

    @classmethod
    def of(cls, sample: Sample, error: str) -> ResponseView:
        """How a performed step ended."""
        return cls(
            "error" if sample.kind else "success",
            sample.status_code,
            error,
            (sample.ended - sample.started) / NS_PER_MS,
            Content(sample.response),
        )

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
        """The body as JSON; nothing when it is not."""
        return None if self._content.json is NOT_JSON else self._content.json


NO_RESPONSE = ResponseView("none", 0, "", 0.0, Content(None))


class Vu:
    """`vu`: who a user is. `group` is the group's name, `slot` the ordinal in it."""

    __slots__ = ("group", "iteration", "slot", "tenure")

    def __init__(self, group: str, slot: int, tenure: int, iteration: int) -> None:
        self.group = group
        self.slot = slot
        self.tenure = tenure
        self.iteration = iteration
