"""Data sets: rows of CSV, JSON and JSON Lines files, and which row belongs to which slot.

A row is a mapping from column to value; the values of CSV stay strings. `pick: unique` gives every slot a row of its
own over the whole fleet. So the tables of sets that read the same file divide its rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any, Literal

from gradual_common.errors import DataFileError
from gradual_common.kinds.content import decode_json
from gradual_common.plan.reading.regular_files import read_regular
from gradual_common.randomness import RandomStream
from gradual_common.units import count

Row = dict[str, Any]
Pick = Literal["unique", "sequential", "random"]

MAX_FIELD_LENGTH = 16 * 1024 * 1024
"""Characters in one field of a CSV file; the csv module's own limit is 128 Ki."""


@dataclass(frozen=True, slots=True)
class DataTable:
    """The rows of one data set as the slots of one group see them.

    With `unique` the group owns rows `first … first + count - 1`; with the other picks it shares all of them.
    """

    rows: tuple[Row, ...]
    pick: Pick
    first: int = 0
    count: int = 0
    seed: int = 0
    group: int = 0
    recycles: bool = False
    """With `unique`, slots beyond the last row get the first ones again."""

    def row(self, ordinal: int) -> Row | None:
        """The row of a slot; None when there is none left for it."""
        if not self.rows:
            return None
        if self.pick == "unique":
            index = self.first + ordinal
            if self.recycles:
                return self.rows[index % len(self.rows)]
            return self.rows[index] if ordinal < self.count and index < len(self.rows) else None
        if self.pick == "sequential":
            return self.rows[ordinal % len(self.rows)]
        # Tenures of users start at 1. Tenure 0 is a stream that no user draws from, so the row of a slot is independent
        # of what its users draw, and the same for all of them.
        return RandomStream.of_slot(self.seed, self.group, ordinal, 0).choice(self.rows)


GLOB = frozenset("*?[")


def files_of(path: Path) -> list[Path]:
    """The files that a path means, sorted by name: itself, or where it has `*`, `?` or `[…]`, all that match.

    Raises DataFileError if none does. A file whose own name has such characters is meant itself.
    """
    if not GLOB.intersection(str(path)) or path.exists():
        return [path]
    try:
        found = sorted(Path(name) for name in glob(str(path), recursive=True) if Path(name).is_file())
    except OSError as error:
        raise DataFileError(f"cannot look for {path}: {error.strerror or error}") from error
    if not found:
        raise DataFileError(f"no file matches {path}")
    return found


def read_all_rows(path: Path, delimiter: str | None = None, encoding: str = "utf-8") -> tuple[Row, ...]:
    """The rows of all files that a path means, which have the same columns. Raises DataFileError."""
    first, *others = files_of(path)
    rows = read_rows(first, delimiter, encoding)
    columns, joined = set(columns_of(rows)), [*rows]
    for file in others:
        more = read_rows(file, delimiter, encoding)
        if joined and more and (found := set(columns_of(more))) != columns:
            odd = ", ".join(sorted(columns ^ found))
            raise DataFileError(f"{file} has other columns than {first}: only one of them has {odd}")
        columns = columns or set(columns_of(more))
        joined += more
    return tuple(joined)


def read_rows(path: Path, delimiter: str | None = None, encoding: str = "utf-8") -> tuple[Row, ...]:
    """Every row of a file; its extension tells the format, by default CSV. Raises DataFileError."""
    text = _read_text(path, encoding)
    suffix = path.suffix.lower()
    if suffix == ".json":
        entries = _parse(text, str(path))
        if not isinstance(entries, list):
            raise DataFileError(f"{path}: a list of objects is expected")
        return tuple(_check_row(entry, f"{path}, entry {number}") for number, entry in enumerate(entries, start=1))
    if suffix in (".jsonl", ".ndjson"):
        lines = enumerate(text.split("\n"), start=1)
        written = [(f"{path}, line {number}", line) for number, line in lines if line.strip()]
        return tuple(_check_row(_parse(line, place), place) for place, line in written)
    return tuple(_csv_rows(path, text, delimiter or ("\t" if suffix in (".tsv", ".tab") else ",")))


def columns_of(rows: tuple[Row, ...]) -> tuple[str, ...]:
    """Every column that some row has, in order."""
    return tuple(dict.fromkeys(column for row in rows for column in row))


def _read_text(path: Path, encoding: str) -> str:
    try:
        # Some editors write a byte order mark before UTF-8 text: it is not a part of the first column's name.
        return read_regular(path, may_be_given=True).decode(
            "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
        )
    except OSError as error:
        raise DataFileError(f"cannot read {path}: {error.strerror or error}") from error
    except LookupError as error:
        raise DataFileError(f"{encoding!r} is not an encoding; write utf-8, latin-1, …") from error
    except UnicodeError as error:
        raise DataFileError(f"{path} is not {encoding} text; give its encoding") from error


def _csv_rows(path: Path, text: str, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(MAX_FIELD_LENGTH)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = _check_columns(path, next(reader, []))
        for fields in reader:
            if fields and len(fields) != len(columns):
                found, header = count(len(fields), "field"), count(len(columns), "column")
                raise DataFileError(f"{path}, line {reader.line_num}: {found} where the header has {header}")
            if fields:
                yield dict(zip(columns, fields, strict=True))
    except csv.Error as error:
        raise DataFileError(f"{path}, line {reader.line_num}: {error}") from error


def _check_columns(path: Path, header: list[str]) -> list[str]:
    columns = [column.strip() for column in header]
    if not any(columns):
        raise DataFileError(f"{path} has no header: its first line names the columns")
    for number, column in enumerate(columns, start=1):
        if not column:
            raise DataFileError(f"{path}: column {number} has no name")
        if columns.index(column) != number - 1:
            raise DataFileError(f"{path}: two columns are called {column!r}")
    return columns


def _parse(text: str, place: str) -> Any:
    try:
        return decode_json(text)
    except (ValueError, RecursionError) as error:
        raise DataFileError(f"{place}: this is not JSON: {error}") from error


def _check_row(row: Any, place: str) -> Row:
    if not isinstance(row, dict):
        raise DataFileError(f"{place}: an object with the columns is expected")
    return row
