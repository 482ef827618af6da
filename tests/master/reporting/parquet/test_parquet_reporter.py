"""A folder belongs to one run: what is not of Gradual is left alone, a former run's files are replaced."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from parquet_rows import (
    block_of,
    files_of,
    random_rows,
)
from raw_run import run_of

from gradual_master.errors import ReporterError
from gradual_master.reporting.parquet.reporter import MARKER, ParquetReporter

NOTHING: Any = None


def test_an_earlier_run_is_replaced_when_the_schedule_starts_and_not_before(folder: Path) -> None:
    for agent, minute in (("old", 0), ("a", 3)):
        reporter = ParquetReporter(str(folder))
        reporter.prepare()
        before = files_of(folder)
        reporter.close()
        assert files_of(folder) == ([] if agent == "old" else before), "a run that was given up removes nothing"
        reporter.prepare()
        reporter.on_test_start(run_of())
        reporter.on_samples(block_of(agent, random_rows(1, 20, first=60 * minute, seconds=50)))
        reporter.close()
    assert files_of(folder) == [MARKER, "agent=a/minute=003/part-0.parquet"]
    assert sorted(os.listdir(folder)) == [MARKER, "agent=a"]


def test_the_files_of_a_killed_run_are_replaced_too(folder: Path) -> None:
    reporter = ParquetReporter(str(folder))
    reporter.prepare()
    reporter.on_test_start(run_of())
    reporter.close()
    (folder / "agent=x/minute=000").mkdir(parents=True)
    (folder / "agent=x/minute=000/.part-0.partial").write_bytes(b"PAR1")
    reporter.prepare()
    reporter.on_test_start(run_of())
    reporter.close()
    assert files_of(folder) == [MARKER]


@pytest.mark.parametrize("stranger", ["notes.txt", "agent=x/minute=000/mine.parquet", "agent=x", "part-0.parquet"])
@pytest.mark.parametrize("beside", [True, False], ids=["beside ours", "alone"])
def test_a_folder_with_what_is_not_ours_is_refused_and_left_alone(folder: Path, stranger: str, beside: bool) -> None:
    reporter = ParquetReporter(str(folder))
    if beside:
        reporter.prepare()
        reporter.on_test_start(run_of())
        reporter.on_samples(block_of("a", random_rows(1, 20)))
        reporter.close()
    (folder / stranger).parent.mkdir(parents=True, exist_ok=True)
    (folder / stranger).write_text("precious")
    before = files_of(folder)
    with pytest.raises(ReporterError, match=r"holds '.*'.* folder"):
        reporter.prepare()
    reporter.close()
    assert files_of(folder) == before


def test_a_link_is_neither_followed_nor_removed(folder: Path, tmp_path: Path) -> None:
    reporter = ParquetReporter(str(folder))
    reporter.prepare()
    reporter.on_test_start(run_of())
    reporter.close()
    elsewhere = tmp_path / "elsewhere/minute=000"
    elsewhere.mkdir(parents=True)
    (elsewhere / "part-0.parquet").write_text("precious")
    (folder / "agent=x").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReporterError, match="holds 'agent=x'"):
        reporter.prepare()
    (folder / "agent=x").unlink()
    (folder / "agent=y/minute=000").mkdir(parents=True)
    (folder / "agent=y/minute=000/part-0.parquet").symlink_to(elsewhere / "part-0.parquet")
    with pytest.raises(ReporterError, match=r"holds 'agent=y/minute=000/part-0\.parquet'"):
        reporter.prepare()
    assert (elsewhere / "part-0.parquet").read_text() == "precious"


def test_a_folder_that_another_run_writes_to_is_refused(reporter: ParquetReporter, folder: Path) -> None:
    other = ParquetReporter(str(folder))
    with pytest.raises(ReporterError, match="another run is writing there"):
        other.prepare()
    reporter.close()
    other.prepare()
    other.close()


def test_a_folder_that_cannot_be_written_is_an_error_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, message in (
        (tmp_path / "file", "this is a file; name a folder"),
        (tmp_path / "file" / "below", "cannot be written: Not a directory"),
        (Path("/proc/gradual"), "cannot be written: No such file or directory"),
    ):
        with pytest.raises(ReporterError, match=message):
            ParquetReporter(str(path)).prepare()
    with pytest.raises(ReporterError, match="name a folder"):
        ParquetReporter("").prepare()


def test_without_an_argument_the_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reporter = ParquetReporter()
    reporter.prepare()
    reporter.on_test_start(run_of())
    reporter.close()
    assert files_of(tmp_path) == [f"gradual-samples/{MARKER}"]


def test_without_pyarrow_it_is_reported_what_to_install(tmp_path: Path) -> None:
    """In a process of its own, in which nothing has been imported yet; the reporter itself needs nothing."""
    script = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from gradual_master.errors import ReporterError\n"
        "from gradual_master.reporting.parquet.reporter import ParquetReporter\n"
        "try:\n    ParquetReporter(sys.argv[1]).prepare()\n"
        "except ReporterError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "samples")]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "pip install 'gradual-loadtest[parquet]'" in output
    assert not (tmp_path / "samples").exists()
