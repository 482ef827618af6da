"""The engine of Python actions: it finds the code before any load, and tells how an action ended.

A Python action costs a task: 7.4 µs besides what its code does (best of five runs on one core). Users without one pay
nothing for it.
"""

from __future__ import annotations

from functools import partial
from inspect import signature
from pathlib import PurePath
from traceback import extract_tb
from typing import Any, Final

import structlog

from gradual_agent.errors import ActionFailedError, JobError, RequestFailedError
from gradual_agent.kinds.engines import Runtime
from gradual_agent.kinds.http.exchange import describe_exchange
from gradual_agent.kinds.kind import Actor, Engine, fail_template
from gradual_agent.kinds.python.call import ActionCall
from gradual_agent.kinds.python.requests import Requests
from gradual_agent.kinds.python.user import ActionUser
from gradual_agent.runtime.allowed_code import Code
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_agent.runtime.suspension import Resumable
from gradual_common.clock import NS_PER_S
from gradual_common.errors import TemplateError
from gradual_common.kinds.python.kind import FAILURE, PythonSpec
from gradual_common.net.tls import Assets
from gradual_common.plan.model.plan import Connections, Cookies, Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.process.logs import mask_in_logs
from gradual_common.secrecy.masking import Mask
from gradual_common.templates.templates import compile_value

CANCEL_TIME: Final = NS_PER_S
"""A task that goes on for longer after it was cancelled ignores that."""

MAX_MESSAGE_CHARS: Final = 1000
"""Characters of an exception's message that a failure keeps."""


def make_engine(runtime: Runtime, plan: Plan, assets: Assets) -> PythonEngine:
    """Find the code of every Python action; JobError if it is not allowed, or cannot be called like this."""
    specs = [spec for spec in plan.actions.values() if isinstance(spec, PythonSpec)]
    codes = {spec.python: runtime.code.find(spec.python) for spec in specs}
    for spec in specs:
        _check_call(spec, codes[spec.python])
    return PythonEngine(runtime, plan, codes)


def _check_call(spec: PythonSpec, code: Code) -> None:
    try:
        signature(code).bind(None, **spec.args)
    except TypeError as error:
        raise JobError(f"python: {spec.python} cannot be called as (user, {', '.join(spec.args)}): {error}") from error


class PythonEngine:
    """One per agent process."""

    connections = 0
    """Those of its requests are counted by the HTTP engine."""

    def __init__(self, runtime: Runtime, plan: Plan, codes: dict[str, Code]) -> None:
        self.runtime = runtime
        self.http: Engine = runtime.engine_called("http")
        self.requests = Requests(plan)
        self.failures = SeriesIndex.of(plan).failures.numbers
        self.stuck = 0
        """Tasks that ignored that they were cancelled."""
        self._codes = codes
        self._logged: set[object] = set()

    def compile(self, spec: PythonSpec, wants_headers: bool, wants_body: bool) -> PythonAction:
        """Compile an action; its responses are always kept whole."""
        return PythonAction(self, spec, self._codes[spec.python])

    def client(self, owner: Resumable, cookies: Cookies, connections: Connections) -> PythonClient:
        """The client of one user."""
        return PythonClient(self)

    def describe(self, mask: Mask, sample: Sample) -> dict[str, Any]:
        """A failed action: why, with its last request and the last response."""
        return describe_exchange(mask, sample)

    def close(self) -> None:
        """Nothing is left to close."""

    def log_exception(self, spec: PythonSpec, error: BaseException, token: str) -> None:
        """Log the first traceback of each action and type of exception, without the token of its requests."""
        if (key := (spec.python, type(error))) not in self._logged:
            self._logged.add(key)
            if token:
                mask_in_logs((), [token])
            log = structlog.get_logger(__name__)
            log.warning("a Python action raised an exception", action=spec.python, exc_info=error)

    def watch(self, call: ActionCall, name: str) -> None:
        """Look again whether the task of an interrupted action has ended."""
        runtime = self.runtime
        runtime.timeline.at(runtime.clock() + CANCEL_TIME, self._look_again, (call, name))

    def _look_again(self, watched: tuple[ActionCall, str]) -> None:
        call, name = watched
        if call.task is None or call.task.done():
            return
        self.stuck += 1
        if ("stuck", name) not in self._logged:
            self._logged.add(("stuck", name))
            structlog.get_logger(__name__).warning(
                "a Python action goes on 1 s after it was cancelled; its user does not wait for it", action=name
            )


class PythonAction:
    """A compiled action."""

    assertion_count = 0

    def __init__(self, engine: PythonEngine, spec: PythonSpec, code: Code) -> None:
        self.spec = spec
        self._engine = engine
        self._code = code
        self._args = compile_value(spec.args)

    async def perform(self, user: Actor, sample: Sample) -> None:
        """Run the code as the user; how it ends is data."""
        try:
            args = self._args.render(user.scope)
        except TemplateError as error:
            fail_template(user, sample, str(error))
            return
        engine = self._engine
        call = ActionCall(user, user.client_of(engine.http), sample, engine.runtime.timeline)
        given = ActionUser(call, engine.requests, self.spec, engine.runtime.record)
        raised = await user.client.run(call, partial(self._code, given, **args), self.spec.python)
        if sample.kind != INTERRUPTED and raised is not None:
            self._fail(sample, raised)
            sample.request = call.request

    def _fail(self, sample: Sample, error: BaseException) -> None:
        """The kind and the words of a failure."""
        failures = self._engine.failures
        if isinstance(error, RequestFailedError):
            sample.kind, sample.detail = failures[error.kind], error.detail
            if error.response is None:  # The response of an earlier request is not that of this one.
                sample.status_code, sample.response = 0, None
        elif isinstance(error, TemplateError):
            sample.kind, sample.detail = failures["template"], str(error)
        elif isinstance(error, ActionFailedError):
            sample.kind, sample.detail = failures[FAILURE.name], str(error)
        else:
            sample.kind, sample.detail = failures[FAILURE.name], describe_exception(error, self._code)
            self._engine.log_exception(self.spec, error, sample.token)


def describe_exception(error: BaseException, code: Code) -> str:
    """`KeyError: 'x' (my_actions.py:12)`: the exception and the last line of the user's own file that led to it."""
    frames = extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == code.__code__.co_filename] or list(frames)
    place = f" ({PurePath(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    message = f": {text}" if (text := str(error)[:MAX_MESSAGE_CHARS]) else ""
    return f"{type(error).__name__}{message}{place}"


class PythonClient:
    """One user's part of the engine: the action that it performs. Its connections belong to its HTTP client."""

    __slots__ = ("_call", "_engine")

    def __init__(self, engine: PythonEngine) -> None:
        self._engine = engine
        self._call: ActionCall | None = None

    async def run(self, call: ActionCall, perform: Any, name: str) -> BaseException | None:
        """Perform an action to its end; what its code raised."""
        self._call = call
        error = await call.run(perform)
        self._call = None
        if call.task is not None and not call.task.done():
            self._engine.watch(call, name)
        return error

    def beside(self, owner: Resumable) -> PythonClient:
        """Another client of the same user."""
        return PythonClient(self._engine)

    def interrupt(self) -> None:
        """End the action, and resume the user."""
        if self._call is not None:
            self._call.interrupt()

    def cut(self) -> None:
        """End the action without resuming the user."""
        call, self._call = self._call, None
        if call is not None:
            call.close()

    def end_iteration(self) -> None:
        """Nothing of it lasts for an iteration."""

    def close(self) -> None:
        """Nothing of it is open: no action is performed."""
