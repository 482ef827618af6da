"""Every single sample as Parquet files: `-o parquet=FOLDER`, partitioned by agent and minute.

The folder belongs to one run. What a former run of Gradual wrote there is replaced when the schedule begins; anything
else in it is left alone, and makes the reporter refuse the folder: a query over it would read both.
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
"""Marks a folder as ours, and is locked while a run writes there. Readers of data sets ignore names with `_` first."""

MARKER_TEXT = "gradual.samples/1: a run writes here, and the next one replaces what it wrote\n"

OUR_FILES = re.compile(r"agent=[^/]+/minute=\d+/(part-\d+\.parquet|\.part-\d+\.partial)")
OUR_FOLDERS = re.compile(r"agent=[^/]+(/minute=\d+)?")
"""What we write, and what is left of it when the machine fails: paths within the folder."""


class ParquetReporter(Reporter):
    """`-o parquet=FOLDER`: writes raw samples; needs pyarrow, which is an extra."""

    def __init__(self, arg: str | None = None) -> None:
        super().__init__(arg)
        self._folder: SampleFolder | None = None
        self._writer: SampleWriter | None = None

    def prepare(self) -> None:
        """Make sure that there is a library, and a folder of our own that can be written to."""
        if self.arg == "":
            raise ReporterError("-o parquet=: name a folder, or say `-o parquet` for ./gradual-samples")
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
        """The schedule begins: what a former run wrote is replaced from here on."""
        from gradual_master.reporting.parquet.files import SampleWriter, describe_run  # noqa: PLC0415 - see `prepare`

        assert self._folder is not None
        self._folder.clear()
        self._writer = SampleWriter(self._folder.path, describe_run(run))

    def on_samples(self, block: SampleBlock) -> None:
        """Some samples came."""
        if self._writer is not None:
            self._writer.write(block)

    def on_test_complete(self, summary: Summary) -> None:
        """All are there: complete the files."""
        if self._writer is not None:
            self._writer.close()
            self.written.append(Path(self.arg or DEFAULT_FOLDER))

    def close(self) -> None:
        """Complete what is open, and give the folder free."""
        writer, self._writer = self._writer, None
        folder, self._folder = self._folder, None
        try:
            if writer is not None:
                writer.close()
        finally:
            if folder is not None:
                folder.release(is_used=writer is not None)


class SampleFolder:
    """A folder that holds samples of one run and nothing else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._where = f"-o parquet={path}"
        self._is_new = False
        self._marker: TextIO | None = None

    def claim(self) -> None:
        """Make it ours, or raise ReporterError; nothing is removed yet."""
        # In this order: a folder with other people's files is refused before anything is written there, and the lock
        # comes last, since it writes the marker that makes a folder ours.
        try:
            self._is_new = not self.path.exists()
            self.path.mkdir(parents=True, exist_ok=True)
            self._refuse_strangers()
            tempfile.TemporaryFile(dir=self.path).close()
            self._lock()
        except FileExistsError as error:
            raise ReporterError(f"{self._where}: this is a file; name a folder") from error
        except BlockingIOError as error:
            raise ReporterError(f"{self._where}: another run is writing there; name another folder") from error
        except OSError as error:
            raise ReporterError(f"{self._where}: cannot be written: {error.strerror}") from error

    def _refuse_strangers(self) -> None:
        names = os.listdir(self.path)
        if names and MARKER not in names:
            raise ReporterError(
                f"{self._where}: holds {names[0]!r}, which is not of Gradual; name an empty folder or a new one"
            )
        for path in self._files():
            name = path.relative_to(self.path).as_posix()
            if name != MARKER and not self._is_ours(path):
                raise ReporterError(
                    f"{self._where}: holds {name!r} beside the samples of a former run; move it away, or name another"
                    " folder"
                )

    def _files(self) -> Iterator[Path]:
        """Everything but folders; a link to one is followed no further."""
        for folder, folders, names in os.walk(self.path):
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            yield from (Path(folder) / name for name in (*names, *links))

    def _lock(self) -> None:
        """Until it is released, or this process ends, however it does."""
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
        """Remove what a former run wrote, and nothing else."""
        for path in [path for path in self._files() if self._is_ours(path)]:
            path.unlink()
        for folder, _, _ in os.walk(self.path, topdown=False):
            name = Path(folder).relative_to(self.path).as_posix()
            if OUR_FOLDERS.fullmatch(name) and not os.listdir(folder):
                Path(folder).rmdir()

    def _is_ours(self, path: Path) -> bool:
        return OUR_FILES.fullmatch(path.relative_to(self.path).as_posix()) is not None and not path.is_symlink()

    def release(self, is_used: bool) -> None:
        """Let others have it. One that was made in vain goes."""
        if self._marker is None:
            return
        if self._is_new and not is_used:
            (self.path / MARKER).unlink()
            self.path.rmdir()
        self._marker.close()
        self._marker = None
