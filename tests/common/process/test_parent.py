"""A child process learns that its parent is gone, and does what it then has to."""

import subprocess
import sys

WATCHING = (
    "import os, threading; from gradual_common.process.parent import watch_parent; watch_parent(lambda: os._exit(7));"
    "threading.Event().wait()"
)


def test_a_child_ends_when_no_process_has_its_pipe_open() -> None:
    process = subprocess.Popen([sys.executable, "-c", WATCHING], stdin=subprocess.PIPE)
    try:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 7
    finally:
        process.kill()
        process.wait()


def test_a_killed_parent_takes_its_children_along() -> None:
    """The parent prints its child's id and is killed; the child's output then ends, as the child has."""
    parent = (
        "import subprocess, sys, threading;"
        f"command = [sys.executable, '-c', {WATCHING!r}];"
        "child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True);"
        "print(child.pid, flush=True); threading.Event().wait()"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        process.kill()
        assert process.stdout.read() == ""
