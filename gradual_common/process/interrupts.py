"""Ctrl-C while a command loads its modules: nothing has begun, so nothing is drained, reported or traced."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from gradual_common.process.exit_codes import INTERRUPTED


@contextmanager
def leaving_at_interrupt() -> Iterator[None]:
    """Within it, Ctrl-C ends the process with 130 and without a word.

    An exception would be raised in the middle of a foreign module. A process that ignores the signal, or has a handler
    of its own, keeps that.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
