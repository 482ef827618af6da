"""Ctrl-C and SIGTERM while a command loads its modules: nothing has started, so the process exits at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from gradual_common.process.exit_codes import INTERRUPTED, TERMINATED

FIRST_PROCESS = 1
"""The number of the first process of a container. The kernel drops its signals unless it has a handler for them."""


@contextmanager
def leaving_at_interrupt() -> Iterator[None]:
    """Within the block, Ctrl-C ends the process with exit code 130, without output.

    KeyboardInterrupt would be raised in the middle of an import and print a traceback of a foreign module. If the
    process ignores the signal or has its own handler, this does not change it.
    """
    end_at_termination_in_container()
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_at_termination_in_container() -> None:
    """As the first process of a container, end at SIGTERM with exit code 143 until a handler of its own replaces this.

    Any other process ends at SIGTERM without doing anything for it.
    """
    if os.getpid() == FIRST_PROCESS and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(TERMINATED))
