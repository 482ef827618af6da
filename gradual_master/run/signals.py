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
    """Dispatch a stop for each signal. Off the main thread there are none to take."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    with former_handlers():
        for number, name in SIGNALS.items():
            loop.add_signal_handler(number, dispatch, Stop(name))
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)


@contextmanager
def former_handlers() -> Iterator[None]:
    """Signals are handled after the block as they were before it; the loop would leave Python's own handlers behind."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if handler is not None:  # one that C code has set, which cannot be set from here
                signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
