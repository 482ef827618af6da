"""`-o parquet=FOLDER`: every sample in Parquet files, partitioned by agent and minute.

The folder belongs to one run. Files of an earlier run are replaced when the schedule starts. With other files in it the
folder is refused: they would be lost or mixed with the samples in a query.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from gradual_master.errors import ReporterError
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.interface.samples import SampleBlock
from gradual_master.results.facts import RunFacts
from gradual_master.results.summary.sections import Summary

if TYPE_CHECKING:  # half a second, and an extra: see `prepare`
    from gradual_master.reporting.parquet.files import SampleWriter

DEFAULT_FOLDER = "gradual-samples"

MARKER = "_gradual_samples"
"""Marks a folder as ours, and is locked while a run writes there. Readers of data sets ignore names that start with
`_`."""

MARKER_TEXT = "gradual.samples/1: a run writes here, and the next one replaces what it wrote\n"

OUR_FILES = re.compile(r"agent=[^/]+/minute=\d+/(part-\d+\.parquet|\.part-\d+\.partial)")
OUR_FOLDERS = re.compile(r"agent=[^/]+(/minute=\d+)?")
"""Paths in the folder: what a run writes, and what remains of it if the process is killed."""


class ParquetReporter(Reporter):
    """`-o parquet=FOLDER`: writes raw samples; needs pyarrow, which is an extra."""

    def __init__(self, arg: str | None = None) -> None:
        super().__init__(arg)
        self._folder: SampleFolder | None = None
        self._writer: SampleWriter | None = None

    def prepare(self) -> None:
        """Check that pyarrow is installed, and claim the folder."""
        if self.arg == "":
            raise ReporterError("-o parquet=: name a folder, or write `-o parquet` for ./gradual-samples")
        try:
            import gradual_master.reporting.parquet.files  # noqa: F401, PLC0415 - half a second, and an extra
        except ImportError as error:
            raise ReporterError(
                f"-o parquet: needs pyarrow ({error}): pip install 'gradual-loadtest[parquet]'"
            ) from error
        folder = SampleFolder(Path(self.arg or DEFAULT_FOLDER))
        folder.claim()
        self._folder = folder

    def on_test_start(self, run: RunFacts) -> None:
        """Remove the files of an earlier run; the schedule starts."""
        from gradual_master.reporting.parquet.files import SampleWriter, describe_run  # noqa: PLC0415 - see `prepare`

        assert self._folder is not None
        self._folder.clear()
        self._writer = SampleWriter(self._folder.path, describe_run(run))

    def on_samples(self, block: SampleBlock) -> None:
        """Write some samples."""
        if self._writer is not None:
            self._writer.write(block)

    def on_test_complete(self, summary: Summary) -> None:
        """Complete the files: all samples have come."""
        if self._writer is not None:
            self._writer.close()
            self.written.append(Path(self.arg or DEFAULT_FOLDER))

    def close(self) -> None:
        """Complete open files, and release the folder."""
        writer, self._writer = self._writer, None
        folder, self._folder = self._folder, None
        try:
            if writer is not None:
                writer.close()
        finally:
            if folder is not None:
                folder.release(is_used=writer is not None)


class SampleFolder:
    """A folder with the samples of one run and nothing else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._where = f"-o parquet={path}"
        self._is_new = False
        self._marker: TextIO | None = None

    def claim(self) -> None:
        """Claim the folder for this run, or raise ReporterError; nothing is removed yet."""
        # The order matters: first refuse a folder with foreign files, before anything is written there. The lock comes
        # last, because it writes the marker, which makes the folder ours.
        try:
            self._is_new = not self.path.exists()
            self.path.mkdir(parents=True, exist_ok=True)
            self._refuse_foreign_files()
            tempfile.TemporaryFile(dir=self.path).close()
            self._lock()
        except FileExistsError as error:
            raise ReporterError(f"{self._where}: this is a file; name a folder") from error
        except BlockingIOError as error:
            raise ReporterError(f"{self._where}: another run is writing there; name another folder") from error
        except OSError as error:
            raise ReporterError(f"{self._where}: cannot be written: {error.strerror}") from error

    def _refuse_foreign_files(self) -> None:
        names = os.listdir(self.path)
        if names and MARKER not in names:
            raise ReporterError(
                f"{self._where}: holds {names[0]!r}, which Gradual did not write; name an empty folder or a new one"
            )
        for path in self._files():
            name = path.relative_to(self.path).as_posix()
            if name != MARKER and not self._is_ours(path):
                raise ReporterError(
                    f"{self._where}: holds {name!r} beside the samples of an earlier run; move it away, or name another"
                    " folder"
                )

    def _files(self) -> Iterator[Path]:
        """All files; a link to a folder counts as a file and is not followed."""
        for folder, folders, names in os.walk(self.path):
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            yield from (Path(folder) / name for name in (*names, *links))

    def _lock(self) -> None:
        """Write and lock the marker. The system removes the lock when this process ends, for any reason."""
        marker = (self.path / MARKER).open("a+", encoding="utf-8")
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
            marker.truncate(0)
            marker.write(MARKER_TEXT)
            marker.flush()
        except OSError:
            marker.close()
            raise
        self._marker = marker

    def clear(self) -> None:
        """Remove the files of an earlier run, and nothing else."""
        for path in [path for path in self._files() if self._is_ours(path)]:
            path.unlink()
        for folder, _, _ in os.walk(self.path, topdown=False):
            name = Path(folder).relative_to(self.path).as_posix()
            if OUR_FOLDERS.fullmatch(name) and not os.listdir(folder):
                Path(folder).rmdir()

    def _is_ours(self, path: Path) -> bool:
        return OUR_FILES.fullmatch(path.relative_to(self.path).as_posix()) is not None and not path.is_symlink()

    def release(self, is_used: bool) -> None:
        """Release the folder; remove it if it was made for this run and is not used."""
        if self._marker is None:
            return
        if self._is_new and not is_used:
            (self.path / MARKER).unlink()
            self.path.rmdir()
        self._marker.close()
        self._marker = None
