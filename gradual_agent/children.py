"""`--processes N`: one agent process per core, started and ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

FORWARDED = (signal.SIGTERM, signal.SIGINT)


def processes_of(text: str) -> int:
    """`--processes`: a number from 1, or `auto` for the cores that this process may use."""
    if text == "auto":
        return usable_cores()
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{text!r} is not a number of processes; write a number from 1, or auto")
    return int(text)


def usable_cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_children(names: Sequence[str], arguments: Sequence[str]) -> int:
    """One agent per name, each with `arguments`; signals go to all of them; the worst exit code."""
    children: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _: FrameType | None) -> None:
        for child in children:
            child.send_signal(number)

    former = {number: signal.signal(number, forward) for number in FORWARDED}
    try:
        # A group of its own each: Ctrl-C reaches this process only, and the children once, through `forward`.
        for name in names:
            command = [sys.executable, "-m", "gradual_agent", "--name", name, *arguments]
            children.append(subprocess.Popen(command, process_group=0))  # noqa: S603  our own module and options
        return max(exit_code_of(child.wait()) for child in children)
    finally:
        for child in children:
            if child.poll() is None:
                child.terminate()
        for number, handler in former.items():
            signal.signal(number, handler)


def exit_code_of(status: int) -> int:
    """What a shell would say: 128 + n for a child that signal n ended."""
    return 128 - status if status < 0 else status
