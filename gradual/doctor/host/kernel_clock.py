"""Asks the Linux kernel about its wall clock: adjtimex(2).

`timedatectl` and `chronyc` need a service that runs; the kernel answers in a container too, and it is what they report
to. With `modes` 0 the call changes nothing and needs no privilege.
"""

from __future__ import annotations

import ctypes
import sys

from gradual.doctor.host.facts import ClockState

UNSYNCHRONISED = 0x0040
"""STA_UNSYNC of <sys/timex.h>."""

ERROR = 5
"""TIME_ERROR, which the call returns for a clock that is not synchronised."""


class Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("rest", ctypes.c_byte * 256),
    )


def read_clock_state() -> ClockState | None:
    """The state of the clock; None if this system has no such call, or a sandbox forbids it."""
    if sys.platform != "linux":
        return None
    timex = Timex()
    result = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    return None if result < 0 else state_of(result, timex.status, timex.maxerror)


def state_of(result: int, status: int, max_error_us: int) -> ClockState:
    """The state that an answer of the kernel means."""
    return ClockState(result != ERROR and not status & UNSYNCHRONISED, max_error_us)
