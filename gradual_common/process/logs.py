"""Logging: structlog on standard error for every command; through the `logging` of the host in other programs.

Plain lines, or one JSON object per line. Log lines of libraries through the standard library's `logging` (grpc,
aiohttp, asyncio) and `warnings` are formatted the same way. Every line has the values that are bound to the process
(run, agent), in all threads and tasks, and those of its own context (`structlog.contextvars`).
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

from gradual_common.process.grpc_log import GRPC_VERBOSITY, quiet_grpc
from gradual_common.secrecy.masking import Mask

LogFormat = Literal["console", "json"]

_BOUND: dict[str, Any] = {}
"""Values on every line of this process."""
_HIDDEN: list[Mask] = [Mask()]
"""One entry: the secrets that no line of this process may show."""


def usual_level(verbose: bool) -> str:
    """Debug with `-v`; else info on a terminal, and warning in a file or a pipe."""
    if verbose:
        return "debug"
    return "info" if sys.stderr.isatty() else "warning"


def configure_logging(level: str = "info", format: LogFormat = "console", **bound: Any) -> None:  # noqa: A002 (the flag)
    """Send log lines of this process from `level` on to standard error, with the values `bound` on each.

    A second call replaces the settings. Raises ValueError for an unknown level.
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
    # At debug level grpc logs every message of every call: too much for -v.
    logging.getLogger("grpc").setLevel(max(root.level, logging.INFO))
    logging.captureWarnings(True)
    quiet_grpc()
    _configure_structlog([*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter])
    _BOUND.clear()
    bind_process(**bound)


def bind_process(**values: Any) -> None:
    """Put `values` (run, agent) on every line of this process from now on; None removes one."""
    _BOUND.update(values)
    for name in [name for name, value in _BOUND.items() if value is None]:
        del _BOUND[name]


def mask_in_logs(secrets: Iterable[str], credentials: Iterable[str] = ()) -> None:
    """Show `***` instead of these secrets in every line from now on, also in their encoded forms."""
    _HIDDEN[:] = [_HIDDEN[-1].also(secrets, credentials)]


class MaskingFormatter(structlog.stdlib.ProcessorFormatter):
    """Masks the complete line: the event, its values, and tracebacks with their messages."""

    def format(self, record: logging.LogRecord) -> str:
        return hide_secrets(super().format(record))


class StandardError(logging.Handler):
    """Writes to the current `sys.stderr`, which a live display may have replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            # As every handler of the standard library does: a line that cannot be written must not stop the program.
            self.handleError(record)


def hide_secrets(text: str) -> str:
    """The text with secrets, and what looks like a credential, replaced by `***`."""
    return _HIDDEN[-1].hide_text(text)


def _add_bound(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the values of the process; a value of the line itself takes precedence."""
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
_hosted_runs = 0
"""How many runs use our settings of structlog now: the first one makes them, the last one removes them."""
_is_quieting = False
"""Whether the first of these runs has set GRPC_VERBOSITY, so that the last one removes it."""


@contextmanager
def host_logging() -> Iterator[None]:
    """Within the block, our log lines go through the `logging` of the program that called `gradual.run`, the host.

    Nothing of the host is changed: its handlers, levels, `warnings`, and structlog if it has configured it. Its
    settings decide which of our lines are shown, and where. Without settings, Python writes warnings to standard error.
    """
    global _hosted_runs, _is_quieting  # noqa: PLW0603 - structlog's configuration is the process's
    # structlog has one configuration per process, but several runs may overlap, in threads. So runs are counted: only
    # the first one configures, only the last one resets. A host that has configured structlog itself keeps its
    # settings.
    with _LOCK:
        is_ours = _hosted_runs > 0 or not structlog.is_configured()
        if is_ours and _hosted_runs == 0:
            _configure_structlog([*_shared_processors(), structlog.processors.format_exc_info, _render_for_host])
            _is_quieting = GRPC_VERBOSITY not in os.environ
            quiet_grpc()
        _hosted_runs += is_ours
    try:
        yield
    finally:
        with _LOCK:
            _hosted_runs -= is_ours
            if is_ours and _hosted_runs == 0:
                structlog.reset_defaults()
                if _is_quieting:
                    os.environ.pop(GRPC_VERBOSITY, None)


def _render_for_host(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """The event and its values as one text without secrets; level and logger are in the host's record."""
    text = str(event.pop("event", ""))
    traceback = event.pop("exception", "")
    about = [f"{name}={value!r}" for name, value in event.items() if name not in ("level", "logger")]
    return hide_secrets(" ".join([text, *about]) + (f"\n{traceback}" if traceback else ""))


def _renderers(form: LogFormat) -> list[Processor]:
    """The last processors. Tracebacks are plain: rich ones show local variables, which may be secrets of the plan."""
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
