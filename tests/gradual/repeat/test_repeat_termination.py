"""SIGTERM is an interruption within the block, and nothing is changed after it."""

import signal
import threading

import pytest

from gradual.repeat.termination import TerminationInterrupt, raising_at_signals


def test_sigterm_is_raised_and_the_former_handler_comes_back() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        with pytest.raises(KeyboardInterrupt) as caught, raising_at_signals():
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
        with raising_at_signals():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [before]


def test_sigint_is_raised_also_where_the_process_ignored_it_as_jobs_in_the_background_do() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt) as caught, raising_at_signals():
            signal.raise_signal(signal.SIGINT)
        assert caught.type is KeyboardInterrupt
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
