"""Ctrl-C and SIGTERM while a command loads."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from gradual_common.process.interrupts import leaving_at_interrupt

INTERRUPTED_AT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
from {command} import main
sys.argv = ["command", "--help"]
main()
"""


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("gradual.cli", "typer"),
        ("gradual.cli", "gradual.cli.app"),
        ("gradual_master.command", "typer"),
        ("gradual_agent.command", "argparse"),
    ],
)
def test_ctrl_c_while_a_command_loads_ends_it_with_130_and_without_a_word(command: str, module: str) -> None:
    script = INTERRUPTED_AT.format(command=command, module=module)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


@pytest.fixture(params=[signal.default_int_handler, signal.SIG_IGN], ids=["default", "ignored"])
def handler(request: pytest.FixtureRequest) -> Iterator[Any]:
    """What this process does at Ctrl-C: a shell lets commands in the background ignore it."""
    former = signal.signal(signal.SIGINT, request.param)
    yield request.param
    signal.signal(signal.SIGINT, former)


def test_afterwards_ctrl_c_is_answered_as_before(handler: Any) -> None:
    with leaving_at_interrupt():
        # Who ignores it goes on to do so.
        assert (signal.getsignal(signal.SIGINT) is handler) == (handler is signal.SIG_IGN)
    assert signal.getsignal(signal.SIGINT) is handler


TERMINATED_AT = """
import os, signal, sys
own, os.getpid = os.getpid(), lambda: {number}

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(own, signal.SIGTERM)

sys.meta_path.insert(0, Finder())
from {command} import main
sys.argv = ["command", "--help"]
main()
"""


@pytest.mark.parametrize(
    ("command", "module"),
    [("gradual.cli", "typer"), ("gradual_master.command", "typer"), ("gradual_agent.command", "argparse")],
)
@pytest.mark.parametrize(("number", "code"), [(1, 143), (2, -signal.SIGTERM)])
def test_sigterm_while_a_command_loads_ends_it_also_as_the_first_process_of_a_container(
    command: str, module: str, number: int, code: int
) -> None:
    script = TERMINATED_AT.format(command=command, module=module, number=number)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")
