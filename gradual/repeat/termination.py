"""SIGTERM between two runs, and while one starts or ends: it is an interruption, as Ctrl-C is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TerminationInterrupt(KeyboardInterrupt):
    """SIGTERM, for code that cleans up after Ctrl-C."""


@contextmanager
def raising_at_termination() -> Iterator[None]:
    """Within the block SIGTERM raises TerminationInterrupt. Only in the main thread.

    By default it would end the process at once: without a report, and with agents that are left to end by themselves.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        # None: a handler that C code has set, which Python cannot restore.
        signal.signal(signal.SIGTERM, signal.SIG_DFL if former is None else former)


def _terminate(*_: object) -> None:
    raise TerminationInterrupt
