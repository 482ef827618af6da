"""Ctrl-C and termination are stops of the run, and are handled afterwards as they were before."""

import asyncio
import os
import signal

import pytest

from gradual_master.coordination.events import Stop
from gradual_master.run.signals import stopping_at_signals


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "interrupt"), (signal.SIGTERM, "terminate")])
async def test_a_signal_is_a_stop(number: signal.Signals, name: str) -> None:
    before = signal.getsignal(number)
    stops: asyncio.Queue[Stop] = asyncio.Queue()
    with stopping_at_signals(stops.put_nowait):
        os.kill(os.getpid(), number)
        assert await stops.get() == Stop(name)
    assert signal.getsignal(number) is before


async def test_off_the_main_thread_there_are_none_to_take() -> None:
    def enter() -> bool:
        with stopping_at_signals(lambda stop: None):
            return True

    assert await asyncio.to_thread(enter)
