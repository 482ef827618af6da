"""SIGTERM is an interruption within the block, and nothing is changed after it."""

import signal
import threading

import pytest

from gradual.repeat.termination import TerminationInterrupt, raising_at_termination


def test_sigterm_is_raised_and_the_former_handler_comes_back() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        with pytest.raises(KeyboardInterrupt) as caught, raising_at_termination():
            signal.raise_signal(signal.SIGTERM)
        assert caught.type is TerminationInterrupt
        signal.raise_signal(signal.SIGTERM)
        assert came == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_has_no_signals() -> None:
    before = signal.getsignal(signal.SIGTERM)
    found: list[object] = []

    def look() -> None:
        with raising_at_termination():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [before]
