"""Logging: structlog on standard error, the same for every command; in other people's programs, through theirs.

Plain lines, or one JSON object a line. What libraries say through the standard library's `logging`
(grpc, aiohttp, asyncio) and `warnings` takes the same path and looks the same. Every line has what the process is
bound to (run, agent), whichever thread or task it comes from, beside what its own context binds
(`structlog.contextvars`).
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from gradual_common.secrecy.masking import Mask

LogFormat = Literal["console", "json"]

GRPC_VERBOSITY = "GRPC_VERBOSITY"
"""gRPC's core writes to standard error by itself, past every handler; its failures reach Python as exceptions."""

_BOUND: dict[str, Any] = {}
_HIDDEN: list[Mask] = [Mask()]
"""Of the process, as its standard error is: what all lines have, and what none may show."""


def usual_level(verbose: bool) -> str:
    """With `-v` all details; else what happens, on a terminal, and off a terminal only what is wrong."""
    if verbose:
        return "debug"
    return "info" if sys.stderr.isatty() else "warning"


def configure_logging(level: str = "info", format: LogFormat = "console", **bound: Any) -> None:  # noqa: A002 (the flag)
    """Send every log line of this process to standard error, from `level` on, with `bound` on each.

    Call it before the first gRPC channel is made; again to change anything. Raises ValueError for an unknown level.
    """
    shared = _shared_processors()
    handler = StandardError()
    handler.setFormatter(
        MaskingFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(format)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Every batch of every call at debug level is more than anyone who asks for -v wants to know.
    logging.getLogger("grpc").setLevel(max(root.level, logging.INFO))
    logging.captureWarnings(True)
    os.environ.setdefault(GRPC_VERBOSITY, "NONE")
    _configure_structlog([*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter])
    _BOUND.clear()
    bind_process(**bound)


def bind_process(**values: Any) -> None:
    """Put `values` (run, agent) on every line of this process from now on; None takes one off."""
    _BOUND.update(values)
    for name in [name for name, value in _BOUND.items() if value is None]:
        del _BOUND[name]


def mask_in_logs(secrets: Iterable[str], credentials: Iterable[str] = ()) -> None:
    """Show `***` in place of each of them from now on, in every line of this process, however it is written there."""
    _HIDDEN[:] = [_HIDDEN[-1].also(secrets, credentials)]


class MaskingFormatter(structlog.stdlib.ProcessorFormatter):
    """Masks whole lines, once everything is in them: events, values, and the tracebacks with what was raised."""

    def format(self, record: logging.LogRecord) -> str:
        return hide_secrets(super().format(record))


class StandardError(logging.Handler):
    """Writes to whatever `sys.stderr` is at that moment, so that a live display may stand in for it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            # As every handler of the standard library: a line that cannot be written stops nothing.
            self.handleError(record)


def hide_secrets(text: str) -> str:
    """A text for standard error without secrets, and without what looks like a credential."""
    return _HIDDEN[-1].hide_text(text)


def _add_bound(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What the process is bound to; a value of the line itself takes precedence."""
    for name, value in _BOUND.items():
        event.setdefault(name, value)
    return event


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        _add_bound,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
    ]


def _configure_structlog(processors: Sequence[Processor]) -> None:
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *processors],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


_LOCK = threading.Lock()
_guests = 0
"""Runs in other people's programs at this moment; the first sets structlog up and the last takes that back."""
_is_quieting = False
"""Whether it was the first of them that has made gRPC's core quiet."""


@contextmanager
def host_logging() -> Iterator[None]:
    """Within the block, our lines go through the `logging` of a program that is not ours, as it has set that up.

    Everything in it stays as it is: handlers, levels, `warnings`, its own structlog. Its settings decide which of our
    lines are shown, and where; where it has none, Python's last resort shows warnings on standard error.
    """
    global _guests, _is_quieting  # noqa: PLW0603 - structlog's configuration is the process's
    with _LOCK:
        is_ours = _guests > 0 or not structlog.is_configured()
        if is_ours and _guests == 0:
            _configure_structlog([*_shared_processors(), structlog.processors.format_exc_info, _render_for_host])
            _is_quieting = GRPC_VERBOSITY not in os.environ
            os.environ.setdefault(GRPC_VERBOSITY, "NONE")
        _guests += is_ours
    try:
        yield
    finally:
        with _LOCK:
            _guests -= is_ours
            if is_ours and _guests == 0:
                structlog.reset_defaults()
                if _is_quieting:
                    os.environ.pop(GRPC_VERBOSITY, None)


def _render_for_host(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """One text without secrets; the record has its level and its logger by itself."""
    text = str(event.pop("event", ""))
    traceback = event.pop("exception", "")
    about = [f"{name}={value!r}" for name, value in event.items() if name not in ("level", "logger")]
    return hide_secrets(" ".join([text, *about]) + (f"\n{traceback}" if traceback else ""))


def _renderers(form: LogFormat) -> list[Processor]:
    """Tracebacks stay plain: rich ones show local variables, and so what a plan keeps secret."""
    if form == "console":
        colors = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        return [
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback),
        ]
    return [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
