"""A run in somebody else's program leaves that as it was."""

import asyncio
import gc
import logging
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # noqa: F401 - gives its own logger a NullHandler, as libraries do when they are imported
import pytest
import structlog

import gradual
from gradual.reporting import BaseReporter
from gradual_common.errors import UnitError
from gradual_common.process.logs import host_logging, mask_in_logs
from gradual_master.errors import OptionError

PLAN: dict[str, Any] = {
    "config": {"name": "guest", "base_url": "http://127.0.0.1:9", "duration": "200ms"},
    "users": [{"name": "u", "concurrency": 1, "behavior": [{"action": "a", "think_time": "50ms"}]}],
    "actions": {"a": {"url": "/"}},
}
LENIENT: dict[str, Any] = {"allow_saturated": True, "allow_missing": 1.0, "agents": 1}


class Handler(logging.Handler):
    """The host's own; keeps the texts that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


@pytest.fixture
def host() -> Iterator[Handler]:
    """A program with logging and signals of its own, and structlog as it comes."""
    structlog.reset_defaults()
    handler, root = Handler(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel("INFO")
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield handler
    root.handlers[:], root.level = handlers, level
    for number, before in former.items():
        signal.signal(number, before)


def state_of_the_host() -> dict[str, Any]:
    """What a program may have set for the process."""
    loggers = [logging.getLogger(name) for name in (None, "grpc", "gradual", "asyncio")]
    return {
        "handlers": [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers],
        "signals": {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)},
        "warnings": (warnings.filters[:], warnings.showwarning),
        "structlog": (structlog.is_configured(), structlog.get_config()["logger_factory"].__class__),
        "collector": (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "hooks": (sys.excepthook, sys.displayhook, sys.path[:]),
        "environment": dict(os.environ),
        "folder": Path.cwd(),
    }


@pytest.mark.system
def test_a_run_leaves_the_program_as_it_was(host: Handler) -> None:
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    before = state_of_the_host()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    try:
        summary = gradual.run(PLAN, **LENIENT)
        assert summary.totals.requests > 0
        after = state_of_the_host()
    finally:
        assert signal.set_wakeup_fd(-1) == writer
        os.close(reader)
        os.close(writer)
    assert after == before


@pytest.mark.system
def test_the_loop_that_the_program_had_is_still_current(host: Handler) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        gradual.run(PLAN, **LENIENT)
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@pytest.mark.system
async def test_in_a_loop_of_the_programs_its_signals_are_its_own(host: Handler) -> None:
    caught = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, caught.set)
    try:
        run = asyncio.ensure_future(gradual.run_async(PLAN, **LENIENT))
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGTERM)
        assert (await run).verdict.status != "interrupted"
        assert caught.is_set()
        caught.clear()
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(10):
            await caught.wait()
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def test_lines_go_through_the_programs_own_logging(host: Handler) -> None:
    with host_logging():
        mask_in_logs(["hunter2-guest"])
        log = structlog.get_logger("gradual.master")
        log.debug("below its level")
        log.warning("an agent is lost", agent="hunter2-guest")
        try:
            raise RuntimeError("a bad day")
        except RuntimeError:
            log.exception("failed")
    first, second = host.texts
    assert first == "an agent is lost agent='***'"
    assert second.startswith("failed\nTraceback")
    assert second.endswith("RuntimeError: a bad day")


def test_a_program_that_uses_structlog_keeps_its_own(host: Handler) -> None:
    texts: list[str] = []

    def keep(_logger: Any, _method: str, event: Any) -> Any:
        texts.append(event["event"])
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    with host_logging():
        structlog.get_logger("gradual").warning("here")
    assert structlog.is_configured()
    assert texts == ["here"]
    structlog.reset_defaults()


def test_of_two_runs_at_once_the_last_takes_back_what_the_first_set_up(host: Handler) -> None:
    with host_logging():
        with host_logging():
            assert structlog.is_configured()
        assert structlog.is_configured()
    assert not structlog.is_configured()


class Prepared(BaseReporter):
    """Counts how often it is made ready and closed."""

    prepared = closed = 0

    def prepare(self) -> None:
        self.prepared += 1

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"lease": "1s"}, OptionError),
        ({"interval": "soon"}, UnitError),
        ({"duration": "0s"}, gradual.PlanError),
        ({"reporters": ["json=/no/such/folder/x.json"]}, gradual.GradualError),
    ],
)
def test_what_was_made_ready_is_closed_when_the_run_never_starts(
    options: dict[str, Any], error: type[Exception], host: Handler
) -> None:
    reporter = Prepared()
    with pytest.raises(error):
        gradual.run(PLAN, **LENIENT, **{**options, "reporters": [reporter, *options.get("reporters", [])]})
    assert reporter.prepared == reporter.closed
