"""A child process learns that its parent is gone, however the parent ended.

The child's standard input is a pipe that only the parent holds open: when the parent has ended, killed even, reading
ends. That holds on every system, whereas Linux's PR_SET_PDEATHSIG follows the thread that forked, not the process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


def watch_parent(when_gone: Callable[[], object]) -> None:
    """Call `when_gone`, in a thread of its own, once the parent is gone.

    The thread reads a copy of the descriptor, so that nobody closes it under the read.
    """
    threading.Thread(target=_watch, args=(os.dup(0), when_gone), name="parent", daemon=True).start()


def _watch(pipe: int, when_gone: Callable[[], object]) -> None:
    while os.read(pipe, 1):
        pass
    when_gone()
