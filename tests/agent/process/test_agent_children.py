"""Agent processes are started together, hear every signal, and the worst exit code counts."""

import io
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gradual_agent.process import children
from gradual_agent.process.children import exit_code_of, part_of, processes_of, run_children
from gradual_common.security.identity import TlsIdentity
from gradual_common.security.security import FleetSecurity

DEADLINE_S = 20


def interpreter(folder: Path, script: str) -> str:
    """A stand-in for Python, called as `… -m gradual_agent --name NAME --part-of=… ARGUMENTS…`: the name is $4."""
    program = folder / "interpreter"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("16", 16)])
def test_a_number_of_processes(text: str, number: int) -> None:
    assert processes_of(text) == number


def test_auto_is_one_per_core_to_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "cores_to_load", lambda: 6)
    assert processes_of("auto") == 6


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", ""])
def test_what_is_no_number_of_processes_says_what_is(text: str) -> None:
    with pytest.raises(ValueError, match="write a number from 1, or auto"):
        processes_of(text)


@pytest.mark.parametrize(("status", "code"), [(0, 0), (3, 3), (-15, 143), (-9, 137)])
def test_an_end_by_a_signal_has_the_exit_code_of_a_shell(status: int, code: int) -> None:
    assert exit_code_of(status) == code


def test_the_worst_exit_code_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", interpreter(tmp_path, 'test "$4" = a-2 && exit 3; exit 0'))
    assert run_children(["a-1", "a-2", "a-3"], [], FleetSecurity()) == 3


def test_every_child_gets_its_name_and_the_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", interpreter(tmp_path, f'echo "$@" > {tmp_path}/$4'))
    assert run_children(["a-1", "a-2"], ["--master", "unix:/m"], FleetSecurity()) == 0
    arguments = [(tmp_path / name).read_text().split() for name in ("a-1", "a-2")]
    assert [[word for word in words if "--part-of" not in word] for words in arguments] == [
        ["-m", "gradual_agent", "--name", name, "--security-on-stdin", "--master", "unix:/m"] for name in ("a-1", "a-2")
    ]
    parts = [part_of(word.partition("=")[2]) for words in arguments for word in words if "--part-of" in word]
    assert [(part.number, part.of) for part in parts] == [(1, 2), (2, 2)]
    assert parts[0].command == parts[1].command
    assert len(parts[0].command) == 16


def test_every_child_gets_the_token_and_the_certificates_on_its_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", interpreter(tmp_path, f"head -n 1 > {tmp_path}/$4"))
    security = FleetSecurity("kT5_9dQ2-mB7xW1z", TlsIdentity(b"ca\n", b"cert\n", b"key\n"), "master.example")
    assert run_children(["a-1", "a-2"], [], security) == 0
    for name in ("a-1", "a-2"):
        assert FleetSecurity.from_json((tmp_path / name).read_text()) == security


def test_two_commands_have_different_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", interpreter(tmp_path, f'echo "$5" >> {tmp_path}/$4'))
    for _ in range(2):
        assert run_children(["a-1", "a-2"], [], FleetSecurity()) == 0
    one, other = (tmp_path / "a-1").read_text().split()
    assert one != other


def test_a_child_that_was_killed_is_named_while_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one ends only when the killed one has been reported."""
    script = f"""test "$4" = a-1 && kill -9 $$; i=0
        while [ $i -lt 400 ] && ! test -e {tmp_path}/reported; do sleep 0.05; i=$((i+1)); done; exit 4"""
    monkeypatch.setattr("sys.executable", interpreter(tmp_path, script))

    class Terminal(io.StringIO):
        def flush(self) -> None:
            if "process a-1 was killed (SIGKILL); the others go on" in self.getvalue():
                (tmp_path / "reported").touch()

    monkeypatch.setattr("sys.stderr", Terminal())
    assert run_children(["a-1", "a-2"], [], FleetSecurity()) == 137
    assert (tmp_path / "reported").exists()


def test_a_child_is_asked_to_end_when_its_parent_is_gone() -> None:
    """The test is the parent: what it does not write ends with the pipe."""
    program = (
        "import signal; from gradual_agent.process.children import end_with_parent; end_with_parent(); signal.pause()"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(DEADLINE_S) == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_every_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    """Each writes a file when it can hear, and ends with a code of its own when it is asked to."""
    # The read never ends by itself: a trap runs between two short sleeps, bounded by the count.
    script = f"trap 'exit 9' TERM INT; touch {tmp_path}/$4; i=0; while [ $i -lt 400 ]; do sleep 0.05; i=$((i+1)); done"
    monkeypatch.setattr("sys.executable", interpreter(tmp_path, script))
    names = ["a-1", "a-2"]

    def tell_when_ready() -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not all((tmp_path / name).exists() for name in names) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    teller = threading.Thread(target=tell_when_ready)
    teller.start()
    before = signal.getsignal(number)
    code = run_children(names, [], FleetSecurity())
    teller.join()
    assert code == 9
    assert signal.getsignal(number) in (before, signal.SIG_DFL, signal.default_int_handler)
