"""Ctrl-C and termination as events of a run."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gradual_master.coordination.events import Signal, Stop

SIGNALS: dict[signal.Signals, Signal] = {signal.SIGINT: "interrupt", signal.SIGTERM: "terminate"}


@contextmanager
def stopping_at_signals(dispatch: Callable[[Stop], None]) -> Iterator[None]:
    """Dispatch a stop for each signal; after the block they are handled as before. Off the main thread there are none.

    The loop would leave Python's own handlers behind, not those that the program had before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    former = {number: signal.getsignal(number) for number in SIGNALS}
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    try:
        for number, name in SIGNALS.items():
            loop.add_signal_handler(number, dispatch, Stop(name))
        yield
    finally:
        for number, handler in former.items():
            loop.remove_signal_handler(number)
            if handler is not None:  # one that C code has set, which cannot be set from here
                signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
