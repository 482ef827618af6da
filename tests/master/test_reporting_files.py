"""Files of reporters: whole or not at all, and their mistakes said before any load."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gradual_master.errors import ReporterError
from gradual_master.reporting.files import check_writable, write_whole


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    with path.open() as reader:
        write_whole(path, "größer")
        assert reader.read() == "old", "who reads the old file reads all of it"
    assert path.read_text(encoding="utf-8") == "größer"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half\ud800")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_whole(Path(os.devnull), "text")
    assert not Path(os.devnull).is_file()


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "new", "-o x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "-o x=here: this is a folder; name a file in it"),
        ("nowhere/out", "-o x=here: cannot be written: No such file or directory"),
        ("file/out", "-o x=here: cannot be written: Not a directory"),
    ],
)
def test_what_cannot_be_written_is_said_with_the_option(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReporterError, match=said):
        check_writable(tmp_path / name, "-o x=here")
