"""What the code of a Python action is given: one object, by which it acts as its user."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, NoReturn, Protocol, Unpack

import structlog

from gradual_agent.errors import ActionFailedError, RequestFailedError
from gradual_agent.http.request import HttpRequest
from gradual_agent.kinds.http.engine import STATUS
from gradual_agent.kinds.http.exchange import title_of
from gradual_agent.kinds.metrics import Record
from gradual_agent.kinds.python.requests import RequestOptions, Requests
from gradual_agent.runtime.sample import Sample
from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.kinds.content import NOT_JSON, Content
from gradual_common.kinds.failures import KINDS
from gradual_common.kinds.python.kind import PythonSpec
from gradual_common.randomness import RandomStream
from gradual_common.templates.functions import RANDOM, SEQUENCES, WALL_CLOCK

FIRST_ERROR = 400
"""Status codes from here on raise RequestFailedError."""

HIDDEN = (RANDOM, SEQUENCES, WALL_CLOCK)
"""Names of the scope that are no variables."""


class Performed(Protocol):
    """The action that is performed (`kinds.python.call`)."""

    @property
    def scope(self) -> dict[str, Any]:
        """What templates read in this iteration."""

    async def fetch(self, request: HttpRequest) -> Sample:
        """Send a request by the user's HTTP client, and wait for its end."""
        ...

    async def sleep(self, duration: int) -> None:
        """Wait, ns."""

    def cookie(self, name: str) -> str | None:
        """The value of the user's latest cookie of this name."""
        ...


class ActionUser:
    """The user, as the code of a Python action sees it."""

    def __init__(self, performed: Performed, requests: Requests, spec: PythonSpec, record: Record) -> None:
        self._performed = performed
        self._metrics = spec.record
        self._record = record
        self.variables = ActionVariables(performed.scope, spec.variables)
        """What templates read: rows, extracted variables, `vu`, `response`, `secrets`. The names under `sets` may be
        set."""
        self.http = ActionHttp(performed, requests)
        """The user's HTTP client."""
        self.log = structlog.get_logger("gradual_agent.python").bind(action=spec.python)
        """Writes to the agent's log."""

    async def sleep(self, seconds: float) -> None:
        """Wait on purpose: think, and not count as response time. A stop of the user ends the action here."""
        if not (isinstance(seconds, int | float) and math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"sleep({seconds!r}): seconds are a number from 0 on")
        await self._performed.sleep(round(seconds * NS_PER_S))

    def record(self, name: str, value: float | str | None) -> None:
        """Record a value of a metric that the action lists under `record`; one that is no number counts as missing."""
        if name not in self._metrics:
            raise KeyError(f"{name!r} is no metric of the action: add it to the plan, record: {{{name}: {{unit: …}}}}")
        self._record(name, value)

    def fail(self, reason: str) -> NoReturn:
        """End the action as failed, and say why."""
        raise ActionFailedError(str(reason))

    def random(self) -> float:
        """The next number, from 0 to below 1, of the random stream of the user: the same in runs of the same seed."""
        stream: RandomStream = self._performed.scope[RANDOM]
        return stream.unit()


class ActionVariables(MutableMapping[str, Any]):
    """The variables of a user in this iteration, by name."""

    def __init__(self, scope: dict[str, Any], sets: frozenset[str]) -> None:
        self._scope = scope
        self._sets = sets

    def __getitem__(self, name: str) -> Any:
        if name in HIDDEN:
            raise KeyError(name)
        return self._scope[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._check(name)
        check_plain(name, value)
        self._scope[name] = value

    def __delitem__(self, name: str) -> None:
        self._check(name)
        del self._scope[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._scope if name not in HIDDEN)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _check(self, name: str) -> None:
        # Declared, so that `gradual validate` knows which names templates may read, and the next iteration which to
        # forget.
        if name not in self._sets:
            raise KeyError(f"{name!r} may not be set: add it to the action, sets: [{name}]")


def check_plain(name: str, value: Any) -> None:
    """TypeError for what is no plain data: templates are limited for plain data only, and set-up shares it as JSON."""
    if isinstance(value, list):
        for item in value:
            check_plain(name, item)
    elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
        for item in value.values():
            check_plain(name, item)
    elif not isinstance(value, str | int | float | None):
        what = type(value).__name__
        raise TypeError(f"{name!r} may hold text, numbers, lists and mappings with names, and no {what}")


class ActionHttp:
    """The user's HTTP client: the connections, cookies and limits of its HTTP actions.

    Its requests are sent one after another, in the order in which they were asked for.
    """

    def __init__(self, performed: Performed, requests: Requests) -> None:
        self._performed = performed
        self._requests = requests

    async def request(
        self, method: str, url: str, *, check_status: bool = True, **options: Unpack[RequestOptions]
    ) -> ActionResponse:
        """Send a request, and return its response.

        `url`: after the base URL, or absolute. The options: `service`, `headers`, `query`, `json`, `form` or `body`,
        and `timeout` in seconds. RequestFailedError without a response, and for a status of 400 and more unless
        `check_status` is False.
        """
        request = self._requests.build(self._performed.scope, method, url, **options)
        sample = await self._performed.fetch(request)
        if sample.kind and not sample.has_response:
            raise RequestFailedError(KINDS[sample.kind], sample.explain(str))
        response = ActionResponse(sample)
        if sample.kind:
            raise RequestFailedError(KINDS[sample.kind], sample.explain(str), response)
        if check_status and sample.status_code >= FIRST_ERROR:
            raise RequestFailedError(KINDS[STATUS], f"{request.method} {request.url}: {title_of(sample)}", response)
        return response

    async def get(self, url: str, *, check_status: bool = True, **options: Unpack[RequestOptions]) -> ActionResponse:
        """`request("GET", url)`."""
        return await self.request("GET", url, check_status=check_status, **options)

    async def post(self, url: str, *, check_status: bool = True, **options: Unpack[RequestOptions]) -> ActionResponse:
        """`request("POST", url)`."""
        return await self.request("POST", url, check_status=check_status, **options)

    async def put(self, url: str, *, check_status: bool = True, **options: Unpack[RequestOptions]) -> ActionResponse:
        """`request("PUT", url)`."""
        return await self.request("PUT", url, check_status=check_status, **options)

    async def delete(self, url: str, *, check_status: bool = True, **options: Unpack[RequestOptions]) -> ActionResponse:
        """`request("DELETE", url)`."""
        return await self.request("DELETE", url, check_status=check_status, **options)

    def cookie(self, name: str) -> str | None:
        """The value of the user's latest cookie of this name."""
        return self._performed.cookie(name)


class ActionResponse:
    """A response, as the code of a Python action reads it."""

    def __init__(self, sample: Sample) -> None:
        self.status_code = sample.status_code
        """The status code."""
        self.time_ms = (sample.ended - sample.started) / NS_PER_MS
        """From the wish to send to the last byte, redirects included."""
        self._content = Content(sample.response)

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields by name, in any case."""
        return self._content.headers

    @property
    def body(self) -> bytes:
        """The body, its codings undone."""
        return self._content.body

    @property
    def text(self) -> str:
        """The body as text."""
        return self._content.text

    @property
    def json(self) -> Any:
        """The body as JSON; ValueError if it is not JSON."""
        if self._content.json is NOT_JSON:
            raise ValueError(f"the body is not JSON: {self.text[:80]!r}")
        return self._content.json
