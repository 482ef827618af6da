"""The run as CSV files in a folder (`-o csv=FOLDER`): by interval while it goes on, from the summary at its end.

RFC 4180: a header row, CRLF, quotes where needed; UTF-8. The rows of an interval are flushed when it closes, so that a
run that is killed leaves its measurements.

A cell without data is empty. Counts by name, such as failures by kind, are in one cell: `status=2;timeout=1`. A run has
two or three of the nineteen kinds, so a column for each kind would be mostly zeros; and which kinds occur is not known
when the header is written.
"""

from __future__ import annotations

import csv
import io
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from errno import ENOTDIR
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

from gradual_common.clock import NS_PER_S
from gradual_master.errors import ReporterError
from gradual_master.reporting import tables
from gradual_master.reporting.interface.files import check_writable, write_whole
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.tables import STATISTICS, Column, Table, column, raw, times
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.sections import Summary


def _groups_of(record: IntervalRecord) -> Iterator[SimpleNamespace]:
    """One user group in one interval: mean users."""
    for group, target in record.target.items():
        users, stopping = record.users[group], record.stopping[group]
        yield SimpleNamespace(
            interval=record.number, group=group, target_users=target, active_users=users, stopping_users=stopping
        )


def _all_groups(name: str, of: str) -> Column:
    """All groups together, of means that are rounded to a thousandth."""
    return Column(name, "", lambda record: round(sum(getattr(record, of).values()), 3))


INTERVALS = Table(
    lambda record: (record,),
    (
        column("interval", of="number"),
        *raw("start_s end_s phase warm_up"),
        _all_groups("target_users", "target"),
        _all_groups("active_users", "users"),
        _all_groups("stopping_users", "stopping"),
        column("in_request_users", of="in_flight"),
        column("thinking_users", of="thinking"),
        *raw("requests failures throughput_rps request_rate_rps"),
        *times("response_time_ms", [name for name in STATISTICS if name != "count"]),
        *raw("agents errors"),
    ),
)

INTERVAL_GROUPS = Table(_groups_of, raw("interval group target_users active_users stopping_users"))

INTERVAL_ACTIONS = Table(
    lambda record: (SimpleNamespace(interval=record.number, row=row) for row in record.actions()),
    (
        column("interval"),
        *raw("group step action service requests failures", within="row."),
        *times("row.response_time_ms", ("p50", "p95", "p99", "max")),
        *raw("errors", within="row."),
    ),
)


def _watched(summary: Summary) -> Iterator[SimpleNamespace]:
    """One watch in one interval; its values come after an interval was closed, so they are written at the end."""
    for series in summary.history.watches if summary.history is not None else ():
        for number, value in enumerate(series.values.tolist()):
            end_s = (number + 1) * series.interval / NS_PER_S
            shown = None if math.isnan(value) else value
            yield SimpleNamespace(interval=number, end_s=end_s, watch=series.name, value=shown, unit=series.unit)


INTERVAL_WATCHES = Table(_watched, raw("interval end_s watch value unit"))

DURING = {"intervals.csv": INTERVALS, "interval_groups.csv": INTERVAL_GROUPS, "interval_actions.csv": INTERVAL_ACTIONS}
"""Files that get rows during the run."""

AT_THE_END = {
    "actions.csv": tables.ACTIONS,
    "transactions.csv": tables.TRANSACTIONS,
    "metrics.csv": tables.METRICS,
    "watches.csv": tables.WATCHES,
    "interval_watches.csv": INTERVAL_WATCHES,
    "data.csv": tables.DATA,
    "errors.csv": tables.ERRORS,
    "levels.csv": tables.LEVELS,
    "capacity.csv": tables.CAPACITY,
    "trials.csv": tables.TRIALS,
    "agents.csv": tables.AGENTS,
    "objectives.csv": tables.OBJECTIVES,
}
"""Files that are written from the summary."""

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
        """Check that the files can be written, before any load is generated."""
        option = f"-o csv={self.arg or DEFAULT}"
        folder = self.folder
        try:
            # The folder, or the nearest existing folder above it.
            nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
            if not nearest.is_dir():
                raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))
            tempfile.TemporaryFile(dir=nearest).close()
        except OSError as error:
            raise ReporterError(f"{option}: the folder cannot be made or written to: {error.strerror}") from error
        for name in NAMES if nearest == folder else ():
            check_writable(folder / name, f"{option}: {name}")

    def on_test_start(self, run: RunFacts) -> None:
        """Remove the files of an earlier run, so that a killed run leaves no mixture of two; write the headers."""
        self._make_room()
        for name, table in DURING.items():
            file = self._files.enter_context((self.folder / name).open("w", encoding="utf-8", newline=""))
            self._growing.append((table, file))
            _append(file, render_csv([header(table)]))

    def on_interval(self, interval: IntervalRecord) -> None:
        """Add the rows of an interval."""
        for table, file in self._growing:
            _append(file, render_csv(rows(table, interval)))

    def on_test_complete(self, summary: Summary) -> None:
        """Write the files of the summary. Those by interval are absent if the run was not followed: it was stored."""
        if not self._growing:
            self._make_room()
        for name, table in AT_THE_END.items():
            write_whole(self.folder / name, render_csv([header(table), *rows(table, summary)]))
        self.written.append(self.folder)

    def _make_room(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            (self.folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files."""
        self._growing.clear()
        self._files.close()


def render_csv(rows: Iterable[Sequence[str]]) -> str:
    """Rows in the format of RFC 4180."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _append(file: TextIO, text: str) -> None:
    """Write and flush whole rows, so that a program that reads the file during the run never sees half a row."""
    file.write(text)
    file.flush()


def header(table: Table) -> list[str]:
    """The names of the columns of a file."""
    return [column.name for column in table.data]


def rows(table: Table, record: Any) -> Iterator[list[str]]:
    """The rows of a record, an interval or a summary, as texts."""
    return ([cell(column.read(row)) for column in table.data] for row in table.rows(record))


def cell(value: Any) -> str:
    """A value as the files show it: nothing for no data, `true` and `false`, a list as `a;b`, counts as `a=1;b=2`."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case dict():
            return ";".join(f"{name}={count}" for name, count in value.items())
        case tuple():
            return ";".join(map(str, value))
    return str(value)
