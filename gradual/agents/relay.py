"""What agent processes write to standard error, handed on by this process.

An agent has the terminal itself as its standard error. While the monitor has the screen that tears it, and the line
is lost with it; written by this process to `sys.stderr` it is kept until the screen is left.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_S = 2.0


@contextmanager
def relayed_errors(wanted: bool) -> Iterator[int | None]:
    """A file descriptor for the standard error of others, until the block ends; None when it is not wanted."""
    if not wanted:
        yield None
        return
    source, sink = os.pipe()
    reader = threading.Thread(target=_relay, args=(source,), name="agents' errors", daemon=True)
    reader.start()
    try:
        yield sink
    finally:
        os.close(sink)
        # Its end is that of the last process that holds the pipe; one that an agent left behind is not waited for.
        reader.join(PATIENCE_S)


def _relay(source: int) -> None:
    """Line by line: pieces of two agents' lines must not be mixed."""
    with open(source, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            sys.stderr.write(line)
            sys.stderr.flush()
