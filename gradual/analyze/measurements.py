"""Measured levels from a file: a table (CSV) from any tool, or a summary of Gradual. Every mistake names its line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradual.errors import MeasurementsRefusedError
from gradual_common.secrecy.quoting import shorten
from gradual_master.analysis.scalability.levels import MeasuredLevel
from gradual_master.comparing.levels import trials_of
from gradual_master.results.summary.scalability import MISLEADING, measured_level

SUMMARY = "gradual.summary/1"
NEEDED, OPTIONAL = ("concurrency", "throughput"), "latency_ms"
HINT = "the first line names the columns, with commas between: concurrency,throughput and, if it is known, latency_ms"

LEAST, MOST = 1e-6, 1e12
"""What a number in a table may be: beyond it lies a wrong unit, or a number that is none."""

NUMBERS = ("users_mean", "throughput_rps", "thinking_mean", "request_rate_rps")
"""What is read of a level in a summary, beside the mean response time."""

UNCHANGED = "give the summary as it was written"


@dataclass(frozen=True, slots=True)
class MeasuredFile:
    """What a file holds."""

    levels: tuple[MeasuredLevel, ...]

    left_out: int = 0
    """Levels of a summary that do not show what the system can do with their users."""

    unanswered: tuple[float, ...] = ()
    """The users of further levels, at which nothing was answered."""

    @property
    def total(self) -> int:
        """All levels, those that do not count, too."""
        return len(self.levels) + self.left_out + len(self.unanswered)


def read_measurements(text: str, name: str) -> MeasuredFile:
    """The levels in `text`; MeasurementsRefusedError with `name` and the line for what cannot be one."""
    if not text.strip():
        raise MeasurementsRefusedError(f"{name} is empty; {HINT}")
    if text.lstrip().startswith("{"):
        return _of_summary(text, name)
    return MeasuredFile(tuple(_of_table(text, name)))


def _of_table(text: str, name: str) -> Iterator[MeasuredLevel]:
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    places: Mapping[str, int] = {}
    width = 0
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            where = f"{name}, line {rows.line_num}"
            if not places:
                places, width = _columns(row, where), len(row)
            else:
                _check_width(row, width, where)
                yield _level_of(row, places, where)
    except csv.Error as error:
        raise MeasurementsRefusedError(f"{name}, line {rows.line_num}: this is no CSV: {error}") from error


def _columns(head: Sequence[str], where: str) -> dict[str, int]:
    """The place of each column that is read."""
    names = [cell.strip().lower() for cell in head]
    for wanted in NEEDED:
        if wanted not in names:
            there = shorten(", ".join(names))
            raise MeasurementsRefusedError(f"{where}: there is no column {wanted}, only {there}; {HINT}")
    wanted_columns = [column for column in (*NEEDED, OPTIONAL) if column in names]
    for column in wanted_columns:
        if names.count(column) > 1:
            raise MeasurementsRefusedError(
                f"{where}: there are {names.count(column)} columns {column}; keep one of them"
            )
    return {column: names.index(column) for column in wanted_columns}


def _check_width(row: Sequence[str], width: int, where: str) -> None:
    """Refuse a row with more cells than columns: of `10,1,234` the throughput is not 1."""
    if any(cell.strip() for cell in row[width:]):
        raise MeasurementsRefusedError(
            f"{where}: there are {len(row)} cells, but {width} columns in the first line; numbers have a point and no "
            "separators (1234.5, not 1,234.5 or 1234,5): correct the line, or name every column in the first one"
        )


def _level_of(row: Sequence[str], places: Mapping[str, int], where: str) -> MeasuredLevel:
    cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
    concurrency, throughput = (_number(cells[name], name, where) for name in NEEDED)
    latency = _number(cells[OPTIONAL], OPTIONAL, where) / 1000 if cells.get(OPTIONAL) else None
    return MeasuredLevel(concurrency, throughput, latency)


def _number(cell: str, name: str, where: str) -> float:
    if not cell:
        raise MeasurementsRefusedError(f"{where}: there is no {name}; add it, or leave the line out")
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    # `float` takes 1_000 as a thousand, which no tool writes.
    if not LEAST <= value <= MOST or "_" in cell:
        raise MeasurementsRefusedError(
            f"{where}: {name} is {shorten(cell)}; allowed is a number above 0 ({LEAST:g} to {MOST:g}) with a point and "
            "without separators, such as 1234.5; correct it, or leave the line out"
        )
    return value


def _of_summary(text: str, name: str) -> MeasuredFile:
    rows = list(_rows_of_summary(text, name))
    judged = [row for row in rows if not row.get("warm_up") and row.get("users_mean")]
    clean = [row for row in judged if not MISLEADING & set(row.get("marks") or ())]
    counting = [row for row in clean if row.get("throughput_rps")]
    unanswered = (float(row["users_mean"]) for row in clean if row.get("throughput_rps") == 0)
    return MeasuredFile(tuple(map(_level_of_summary, counting)), len(judged) - len(clean), tuple(unanswered))


def _rows_of_summary(text: str, name: str) -> Iterator[Mapping[str, Any]]:
    """The levels; of a search those that it tried, as in its own report."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MeasurementsRefusedError(f"{name} begins like a JSON document, but is none: {error}") from error
    schema = document.get("schema")
    if schema != SUMMARY:
        found = "none" if schema is None else shorten(str(schema))
        raise MeasurementsRefusedError(f"{name}: `schema` is {found}; of JSON, {SUMMARY} can be read (`-o json=PATH`)")
    rows = document.get("levels")
    if not isinstance(rows, list):
        raise MeasurementsRefusedError(f"{name}: `levels` is no list; {UNCHANGED}")
    was_tried = trials_of(document)
    for number, row in enumerate(rows, 1):
        if not _is_level(row):
            raise MeasurementsRefusedError(f"{name}: number {number} of `levels` is no level of a summary; {UNCHANGED}")
        if was_tried(row):
            yield row


def _is_level(row: Any) -> bool:
    """Whether what is read of a row has the types that a summary gives it."""
    if not isinstance(row, dict):
        return False
    times, marks = row.get("response_time_ms") or {}, row.get("marks") or []
    if not isinstance(times, dict) or not isinstance(marks, list) or not all(isinstance(mark, str) for mark in marks):
        return False
    values = [times.get("mean"), *(row.get(name) for name in NUMBERS)]
    return all(value is None or _is_measured(value) for value in values)


def _is_measured(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST


def _level_of_summary(row: Mapping[str, Any]) -> MeasuredLevel:
    return measured_level(
        users=row["users_mean"],
        throughput_rps=row["throughput_rps"],
        mean_ms=(row.get("response_time_ms") or {}).get("mean"),
        thinking=row.get("thinking_mean"),
        request_rate_rps=row.get("request_rate_rps"),
    )
