"""The data of a plan: every file read once, every group given its rows, and a report when there are too few."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from pydantic import TypeAdapter

from gradual_common.errors import DataFileError
from gradual_common.language.document import Document, Path, attempt
from gradual_common.language.plan_view import GroupView, PlanView
from gradual_common.language.wording import listed, nearest
from gradual_common.plan.checks.templates import MAPPING_METHODS, Use
from gradual_common.plan.model.groups import DataSet, WrittenDataSet
from gradual_common.plan.reading.data_files import DataTable, Row, columns_of, read_rows
from gradual_common.plan.reading.environment import Locate
from gradual_common.secrecy.quoting import shorten

DATA_SETS: TypeAdapter[DataSet] = TypeAdapter(WrittenDataSet)

Tables = dict[tuple[int, str], DataTable]
"""By (group number, set name)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A group's use of a data set."""

    group: GroupView
    name: str

    path: Path
    """Where the set is written."""

    data: DataSet
    file: FilePath

    wanted: int
    """How many slots need a row."""

    columns: dict[str, Path]
    """What templates read of it, with the place of the first use."""


@dataclass(slots=True)
class _DataFiles:
    """The files read so far."""

    document: Document

    rows: dict[FilePath, tuple[Row, ...] | None] = field(default_factory=dict)
    """None for a file without rows."""

    taken: dict[FilePath, list[Claim]] = field(default_factory=dict)
    """Who was given rows of their own."""

    def read(self, path: Path, data: DataSet, file: FilePath) -> tuple[Row, ...] | None:
        """The rows of a file; None, reported once, where there are none."""
        if file not in self.rows:
            try:
                rows = read_rows(file, data.delimiter, data.encoding)
            except DataFileError as error:
                self.document.report(path, str(error))
                self.rows[file] = None
            else:
                if not rows:
                    self.document.report(path, f"{file} has no rows")
                self.rows[file] = rows or None
        return self.rows[file]

    def take(self, claim: Claim) -> int:
        """The first of the rows that belong to the claim alone."""
        claims = self.taken.setdefault(claim.file, [])
        first = sum(earlier.wanted for earlier in claims)
        claims.append(claim)
        return first


def load_data(view: PlanView, uses: list[Use], locate: Locate, seed: int) -> Tables:
    """The tables of every group; what is wrong with files, columns and numbers of rows is reported."""
    files = _DataFiles(view.document)
    tables: Tables = {}
    for claim in _claims(view, uses, locate):
        rows = files.read(claim.path, claim.data, claim.file)
        if rows is None:
            continue
        _check_columns(view.document, claim, rows)
        unique = claim.data.pick == "unique"
        first = files.take(claim) if unique else 0
        table = DataTable(rows, claim.data.pick, first, claim.wanted if unique else 0, seed, claim.group.number)
        tables[claim.group.number, claim.name] = table
    for name, written in view.data.items():
        # A set that no template reads gives no rows to anybody, but its file is there all the same.
        if (data := attempt(DATA_SETS.validate_python, written)) is not None:
            files.read(("data", name), data, locate(("data", name, "file"), data.file))
    for file, claims in files.taken.items():
        _check_number(view.document, file, len(files.rows[file] or ()), claims)
    return tables


def _claims(view: PlanView, uses: list[Use], locate: Locate) -> list[Claim]:
    """Sets of a group, used or not, and those of the top level that its templates use."""
    claims = []
    columns = {(use.group.number, use.name): use.columns for use in uses}
    for group in view.groups:
        own: dict[str, tuple[Path, Any]] = {
            name: ((*group.path, "data", name), written) for name, written in group.data.items()
        }
        for name, written in view.data.items():
            if name not in own and (group.number, name) in columns:
                own[name] = (("data", name), written)
        for name, (path, written) in own.items():
            data = attempt(DATA_SETS.validate_python, written)
            wanted = view.most_users(group)
            if data is not None and wanted is not None:
                file = locate((*path, "file"), data.file)
                claims.append(Claim(group, name, path, data, file, wanted, columns.get((group.number, name), {})))
    return claims


def _check_columns(document: Document, claim: Claim, rows: tuple[Row, ...]) -> None:
    columns = columns_of(rows)
    for column, path in claim.columns.items():
        if column not in columns and column not in MAPPING_METHODS:
            # A file without a header has its first row there: it is shortened.
            known = f"columns: {shorten(listed(columns))}"
            hint = "; ".join(part for part in (nearest(column, columns), known) if part)
            text = f"{claim.file} has no column {column!r}, which {{{{{claim.name}.{column}}}}} reads"
            document.report(path, text, hint)


def _check_number(document: Document, file: FilePath, rows: int, claims: list[Claim]) -> None:
    """`pick: unique` needs a row for every slot of every group that reads the file."""
    needed = sum(claim.wanted for claim in claims)
    if rows >= needed:
        return
    groups = listed([f"{claim.group.name} {claim.wanted}" for claim in claims])
    document.report(
        claims[-1].path,
        f"{file} has {rows} rows, but {needed} are needed, one for each user ({groups})",
        f"add {needed - rows} rows, or share them with pick: sequential or pick: random",
    )
