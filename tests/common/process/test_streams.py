"""Standard streams that fail end no command, and what could not be written is known."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradual_common.process.streams import Outlet, is_utf8, wrapped

HOUSE = str(Path(__file__).parents[3])
PROGRAM = """
import sys
sys.path.insert(0, {house!r})
from gradual_common.process.streams import StandardStreams
with StandardStreams() as streams:
    print("Zahlung → Übersicht")
    print("first", file=sys.stderr)
    lost = streams.lost_output()
    print("second", file=sys.stderr)
    print("lost:", lost, file=sys.stderr)
open({marker!r}, "w").write(repr(lost))
sys.exit(7)
"""


def run(tmp_path: Path, redirections: str, **environment: str) -> tuple[int, bytes, str]:
    """Exit code, standard output and what was found lost, of a program under the redirections of a shell."""
    marker = tmp_path / "lost"
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(house=HOUSE, marker=str(marker)), encoding="utf-8")
    command = ["bash", "-c", f"exec {sys.executable} {program} {redirections}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, env={**os.environ, **environment}, timeout=60, check=False)
    return done.returncode, done.stdout, marker.read_text()


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", "Zahlung → Übersicht\n".encode()),
        ("latin-1", "Zahlung ? Übersicht\n".encode("latin-1")),
        ("cp1252", "Zahlung ? Übersicht\n".encode("cp1252")),
        ("ascii", b"Zahlung ? ?bersicht\n"),
    ],
)
def test_letters_that_the_encoding_does_not_have_are_replaced(encoding: str, written: bytes, tmp_path: Path) -> None:
    assert run(tmp_path, "2> /dev/null", PYTHONIOENCODING=encoding) == (7, written, "None")


@pytest.mark.parametrize(
    ("redirections", "lost"),
    [
        ("> >(true)", None),  # may have gone or not when it is written to
        ("2> >(true)", None),
        (">&-", None),
        ("2>&-", None),
        ("<&- >&- 2>&-", None),
        ("2> /dev/full", None),
        ("> /dev/full", "No space left on device"),
    ],
)
def test_a_stream_that_fails_ends_nothing(redirections: str, lost: str | None, tmp_path: Path) -> None:
    code, _, found = run(tmp_path, redirections)
    assert (code, found) == (7, repr(lost))


def test_a_closed_descriptor_is_not_given_to_the_next_file(tmp_path: Path) -> None:
    """What is printed would else end in a file of the user's."""
    run(tmp_path, ">&- 2>&-")
    assert (tmp_path / "lost").read_text() == "None"


def test_what_comes_after_a_failure_is_dropped_and_the_first_failure_is_kept() -> None:
    reader, writer = os.pipe()
    outlet = Outlet(writer)
    assert outlet.write(b"one") == 3
    assert os.read(reader, 100) == b"one"
    os.close(reader)
    assert [outlet.write(b"two"), outlet.write(b"three!")] == [3, 6]
    assert isinstance(outlet.error, BrokenPipeError)
    os.close(writer)


def test_a_descriptor_that_is_full_for_a_moment_is_waited_for() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    filled = 0
    outlet = Outlet(writer)
    try:
        while True:
            filled += os.write(writer, b"x" * 65536)
    except BlockingIOError:
        pass
    code = f"import os; got = 0\nwhile got < {filled + 4}: got += len(os.read(0, 65536))"
    with subprocess.Popen([sys.executable, "-c", code], stdin=reader) as draining:
        assert outlet.write(b"last") == 4
        assert draining.wait(30) == 0
    assert outlet.error is None
    os.close(reader)
    os.close(writer)


def test_a_stream_without_an_encoding_is_utf_8() -> None:
    with open(os.devnull, "wb") as null:
        stream = wrapped(Outlet(null.fileno()), None, "replace")
        assert is_utf8(stream)
        stream.close()
