"""The log of the master's pod, shown while it is written."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Final

from gradual.errors import ClusterError
from gradual.kubernetes.cluster.client import Cluster

PAUSE_S: Final = 1
"""Before a broken connection is opened again; the log is then sent from its beginning."""

WAIT_S: Final = 20
"""For the last lines of a container that has ended."""


def show(piece: bytes) -> None:
    """Print a piece of a log as it is."""
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


class LogFollower:
    """Shows the log of one pod after the other, in a thread."""

    def __init__(self, cluster: Cluster, container: str, write: Callable[[bytes], None] = show) -> None:
        self._cluster = cluster
        self._container = container
        self._write = write
        self._thread: threading.Thread | None = None
        self._is_last = threading.Event()
        self._may_write = threading.Lock()
        self._is_over = False
        self.pod: str | None = None

    def follow(self, pod: str) -> None:
        """Show the log of this pod from its beginning, unless it is shown already."""
        if pod == self.pod:
            return
        self.finish()
        self._is_last.clear()
        self.pod = pod
        self._thread = threading.Thread(target=self._run, args=(pod,), daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Show the rest of a container that has ended."""
        self._is_last.set()
        if self._thread is not None:
            self._thread.join(WAIT_S)

    def stop(self) -> None:
        """Show no more: a thread that writes while Python ends would abort the process."""
        self._is_last.set()
        with self._may_write:
            self._is_over = True

    def _run(self, pod: str) -> None:
        seen = 0
        while True:
            is_last = self._is_last.is_set()
            seen = self._read(pod, seen)
            if is_last:
                return
            self._is_last.wait(PAUSE_S)

    def _read(self, pod: str, seen: int) -> int:
        """Show what comes after the first `seen` bytes, until the connection ends; how many have been shown then."""
        position = 0
        try:
            for piece in self._cluster.log(pod, self._container, follow=True):
                with self._may_write:
                    if self._is_over:
                        return seen
                    self._write(piece[max(0, seen - position) :])
                position += len(piece)
        except ClusterError:
            # The log is read again. If the API server is gone, whoever asks it for the state of the run says so.
            pass
        return max(seen, position)
