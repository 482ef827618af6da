"""Signals between two runs, and while one starts or ends: SIGTERM is an interruption, as Ctrl-C is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TerminationInterrupt(KeyboardInterrupt):
    """SIGTERM, for code that cleans up after Ctrl-C."""


@contextmanager
def raising_at_signals() -> Iterator[None]:
    """Within the block SIGTERM raises TerminationInterrupt, and SIGINT KeyboardInterrupt. Only in the main thread.

    By default SIGTERM would end the process at once: without a report, and with agents that are left to end by
    themselves. A shell lets what it starts in the background ignore SIGINT; a run takes it nevertheless, and so does
    what lies between two runs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, _terminate),
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            # None: a handler that C code has set, which Python cannot restore.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _terminate(*_: object) -> None:
    raise TerminationInterrupt
