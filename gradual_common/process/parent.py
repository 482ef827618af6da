"""A child process notices that its parent has ended, for any reason.

The child's standard input is a pipe that only the parent has open for writing. When the parent ends, even by SIGKILL,
the system closes the pipe, and the child reads the end of the file. This works on every system. PR_SET_PDEATHSIG is
Linux only, and follows the thread that forked, not the process (prctl(2)).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


def watch_parent(when_gone: Callable[[], object]) -> None:
    """Call `when_gone` in a separate thread when the parent has ended.

    The thread reads a copy of the descriptor: other code may close or replace standard input.
    """
    threading.Thread(target=_watch, args=(os.dup(0), when_gone), name="parent", daemon=True).start()


def read_line(pipe: int) -> str:
    """The one line that the parent writes before anything else, without its line end; "" if there is none."""
    content = b""
    while not content.endswith(b"\n") and (part := os.read(pipe, 65536)):
        content += part
    return content.decode("utf-8", "replace").rstrip("\n")


def _watch(pipe: int, when_gone: Callable[[], object]) -> None:
    while os.read(pipe, 1):
        pass
    when_gone()
