"""Files of reporters: whole or not at all, and their errors come before any load."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from gradual_master.errors import ReporterError
from gradual_master.reporting.interface.files import FileReporter, check_writable, write_whole
from gradual_master.results.summary.sections import Summary


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    with path.open() as reader:
        write_whole(path, "größer")
        assert reader.read() == "old", "who reads the old file reads all of it"
    assert path.read_text(encoding="utf-8") == "größer"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "out"
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", fill_up)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_whole(path, "new")
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_half_of_a_surrogate_pair_is_a_question_mark(tmp_path: Path) -> None:
    write_whole(tmp_path / "out", "half\ud800")
    assert (tmp_path / "out").read_text() == "half?"


def test_a_symbolic_link_keeps_leading_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("out")
    for text in ("first", "second"):
        write_whole(tmp_path / "link", text)
        assert (tmp_path / "out").read_text() == text
    assert (tmp_path / "link").is_symlink()


def test_a_named_pipe_is_written_to_once_it_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_writable(pipe, "-o x")  # nobody reads yet
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reading:
        check_writable(pipe, "-o x")  # must not be taken for the end
        write_whole(pipe, "all of it")
        assert reading.communicate(timeout=30)[0] == "all of it"
    assert pipe.is_fifo()


def test_a_pipe_of_the_shell_is_written_to() -> None:
    reader, writer = os.pipe()
    path = Path(f"/dev/fd/{writer}")
    check_writable(path, "-o x")
    write_whole(path, "all of it")
    os.close(writer)
    with open(reader) as file:
        assert file.read() == "all of it"


def test_a_file_that_the_process_has_open_is_appended_to(tmp_path: Path) -> None:
    """`> out.txt -o json=/dev/stdout`: neither the link in /dev nor what was printed before may go."""
    with (tmp_path / "out").open("w") as file:
        file.write("printed\n")
        file.flush()
        write_whole(Path(f"/dev/fd/{file.fileno()}"), "report\n")
    assert (tmp_path / "out").read_text() == "printed\nreport\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_full_device_is_named() -> None:
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write_whole(Path("/dev/full"), "text")


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_whole(Path(os.devnull), "text")
    assert not Path(os.devnull).is_file()


def test_checking_leaves_no_file(tmp_path: Path) -> None:
    check_writable(tmp_path / "new", "-o x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "-o x=here: this is a folder; name a file in it"),
        ("nowhere/out", "-o x=here: cannot be written: No such file or directory"),
        ("file/out", "-o x=here: cannot be written: Not a directory"),
    ],
)
def test_what_cannot_be_written_is_reported_with_the_option(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReporterError, match=message):
        check_writable(tmp_path / name, "-o x=here")


class TableReporter(FileReporter):
    """Has no file of its own choice."""

    option = "table"

    @staticmethod
    def render(summary: Summary) -> str:
        return ""


def test_a_reporter_without_a_default_needs_a_file() -> None:
    with pytest.raises(ReporterError, match="the table reporter needs a file: -o table=PATH"):
        TableReporter(None).prepare()
