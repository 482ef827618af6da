"""The run as CSV files in a folder (`-o csv=FOLDER`): by interval while it goes on, from the summary at its end.

RFC 4180: a header row, CRLF, quotes where needed; UTF-8. Every interval is handed to the kernel as it closes, so that
a run that is killed leaves what was measured. Which file holds what: `files`.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from errno import ENOTDIR
from pathlib import Path
from typing import TextIO

from gradual_master.errors import ReporterError
from gradual_master.reporting.csv.files import AT_THE_END, DURING, header, rows
from gradual_master.reporting.interface.files import check_writable, write_whole
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.tables import Table
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.sections import Summary

DEFAULT = "gradual-csv"
NAMES = (*DURING, *AT_THE_END)


class CsvReporter(Reporter):
    """Writes the files; those of an earlier run are replaced, others in the folder are left alone."""

    def __init__(self, arg: str | None = None) -> None:
        super().__init__(arg)
        self._files = ExitStack()
        self._growing: list[tuple[Table, TextIO]] = []

    @property
    def folder(self) -> Path:
        """Where the files go."""
        return Path(self.arg or DEFAULT)

    def prepare(self) -> None:
        """Make sure that the files can be written, before an hour of load was for nothing."""
        option = f"-o csv={self.arg or DEFAULT}"
        try:
            has_folder = _check_folder(self.folder)
        except OSError as error:
            raise ReporterError(f"{option}: the folder cannot be made or written to: {error.strerror}") from error
        for name in NAMES if has_folder else ():
            check_writable(self.folder / name, f"{option}: {name}")

    def on_test_start(self, run: RunFacts) -> None:
        """Remove what an earlier run left (a run that is killed must not end as a mixture), and begin what grows."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            (self.folder / name).unlink(missing_ok=True)
        for name, table in DURING.items():
            file = self._files.enter_context((self.folder / name).open("w", encoding="utf-8", newline=""))
            self._growing.append((table, file))
            _append(file, render_csv([header(table)]))

    def on_interval(self, interval: IntervalRecord) -> None:
        """Add the rows of an interval."""
        for table, file in self._growing:
            _append(file, render_csv(rows(table, interval)))

    def on_test_complete(self, summary: Summary) -> None:
        """Write what the summary says."""
        for name, table in AT_THE_END.items():
            write_whole(self.folder / name, render_csv([header(table), *rows(table, summary)]))
        self.written.append(self.folder)

    def close(self) -> None:
        """No more intervals."""
        self._growing.clear()
        self._files.close()


def _check_folder(folder: Path) -> bool:
    """Whether the folder is there; OSError when it cannot be written to, or could not be made."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))
    tempfile.TemporaryFile(dir=nearest).close()
    return folder.exists()


def render_csv(rows: Iterable[Sequence[str]]) -> str:
    """Rows as RFC 4180 has them."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _append(file: TextIO, text: str) -> None:
    """At once: whoever reads meanwhile sees whole rows."""
    file.write(text)
    file.flush()
