"""`--processes N`: one agent process per core, started and ended together.

Each child gets `--part-of`, so that the master knows when all processes of a command are connected. When the parent
ends, even by SIGKILL, each child leaves the run as on SIGTERM. So a command that is started again does not run beside
the old children.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

from gradual_agent.process.cores import cores_to_load
from gradual_common.process.parent import watch_parent
from gradual_common.security.security import FleetSecurity

if TYPE_CHECKING:
    from gradual_common.protocol.messages import Part  # Heavy: it needs numpy.

FORWARDED = (signal.SIGTERM, signal.SIGINT)
POLL_S = 0.05


def processes_of(text: str) -> int:
    """`--processes`: a number from 1, or `auto` for one per core that this process may load."""
    return cores_to_load() if text == "auto" else read_positive(text, "processes", ", or auto")


def read_positive(text: str, noun: str, hint: str = "") -> int:
    """A number from 1 of an option; ValueError for anything else."""
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{text!r} is not a number of {noun}; write a number from 1{hint}")
    return int(text)


def run_children(names: Sequence[str], arguments: Sequence[str], security: FleetSecurity) -> int:
    """One agent per name, each with `arguments`; signals go to all of them; the worst exit code."""
    # Token and key are passed through the pipe: arguments and environment can be read by others, and a file may have
    # changed since it was checked.
    passed_on = f"{security.to_json()}\n".encode()
    children: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _: FrameType | None) -> None:
        for child in children:
            child.send_signal(number)

    former = {number: signal.signal(number, forward) for number in FORWARDED}
    try:
        # Each child has its own process group: Ctrl-C reaches this process only, and each child once, by `forward`.
        key = os.urandom(16).hex()
        for number, name in enumerate(names, 1):
            # The key is random, so that the master does not mix the processes of two commands of the same name.
            part = f"--part-of={key}/{number}/{len(names)}"
            command = [sys.executable, "-m", "gradual_agent", "--name", name, part, "--security-on-stdin", *arguments]
            child = subprocess.Popen(command, process_group=0, stdin=subprocess.PIPE)  # noqa: S603  our own
            children.append(child)
            _pass_on(passed_on, child)
        return worst_exit_code(names, children)
    finally:
        for child in children:
            if child.poll() is None:
                child.terminate()
            if child.stdin is not None:
                child.stdin.close()
        for number, handler in former.items():
            signal.signal(number, handler)


def _pass_on(line: bytes, child: subprocess.Popen[bytes]) -> None:
    """Write the line; a child that has ended already reports that itself."""
    assert child.stdin is not None
    # Not through Python's buffer, which would be written again at `close`. A pipe takes 64 KiB at once.
    with contextlib.suppress(BrokenPipeError):
        os.write(child.stdin.fileno(), line)


def worst_exit_code(names: Sequence[str], children: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait for all children; report at once which was killed, as a killed process cannot report it itself."""
    # Polling, in the main thread: Python runs signal handlers there, and a wait for one child would not see the end of
    # another.
    living = dict(zip(names, children, strict=True))
    while living:
        for name in [name for name, child in living.items() if child.poll() is not None]:
            say_how_it_ended(name, living.pop(name).wait())
        time.sleep(POLL_S if living else 0)
    return max(exit_code_of(child.wait()) for child in children)


def say_how_it_ended(name: str, status: int) -> None:
    """Report a child that was killed; one that ended by itself has logged why."""
    if status < 0:
        print(  # noqa: T201  this process has no log
            f"gradual-agent: process {name} was killed ({signal.Signals(-status).name}); the others go on. To have all "
            "of them again, stop this command and start it again",
            file=sys.stderr,
            flush=True,
        )


def part_of(text: str) -> Part:
    """`--part-of KEY/NUMBER/OF`, which only `run_children` passes."""
    from gradual_common.protocol.messages import Part  # noqa: PLC0415  heavy, and for children only

    key, number, count = text.split("/")
    return Part(bytes.fromhex(key), int(number), int(count))


def end_with_parent() -> None:
    """Leave the run as on SIGTERM once the parent is gone."""
    watch_parent(partial(os.kill, os.getpid(), signal.SIGTERM))


def exit_code_of(status: int) -> int:
    """What a shell would say: 128 + n for a child that signal n ended."""
    return 128 - status if status < 0 else status
