"""What is left when a process has done its work: tasks and threads of the code of Python actions, which may go on.

An event loop that closes waits for both without end, and so does Python for threads. So they are given `END_S`; then
the process ends without them (`leave`).
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

END_S = 2.0
"""How long tasks and threads may take to end."""

CHECK_S = 0.02


class Leftovers:
    """Knows what has begun on a loop since this was made."""

    def __init__(self) -> None:
        self._before = set(threading.enumerate())
        self._executor = ThreadPoolExecutor(thread_name_prefix="asyncio")

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the loop use threads that can be left behind; none is started before one is asked for."""
        loop.set_default_executor(self._executor)

    async def have_ended(self) -> bool:
        """Cancel the tasks that are left, and wait for them and for threads; False if one goes on for `END_S`."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks and (await asyncio.wait(tasks, timeout=END_S))[1]:
            return False
        self._executor.shutdown(wait=False, cancel_futures=True)
        for _ in range(round(END_S / CHECK_S)):
            if not self._threads():
                return True
            await asyncio.sleep(CHECK_S)
        return not self._threads()

    def _threads(self) -> set[threading.Thread]:
        """Those for which Python would wait."""
        return {thread for thread in threading.enumerate() if not thread.daemon} - self._before


def leave(code: int) -> NoReturn:
    """End this process now, with all that is still going on in it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
