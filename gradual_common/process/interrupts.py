"""Ctrl-C while a command loads its modules: nothing has started, so the process exits at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from gradual_common.process.exit_codes import INTERRUPTED


@contextmanager
def leaving_at_interrupt() -> Iterator[None]:
    """Within the block, Ctrl-C ends the process with exit code 130, without output.

    KeyboardInterrupt would be raised in the middle of an import and print a traceback of a foreign module. If the
    process ignores the signal or has its own handler, this does not change it.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
