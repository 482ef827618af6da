"""The data of a plan: reads every file once, gives each group its rows, reports files with too few rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path as FilePath

from pydantic import TypeAdapter

from gradual_common.errors import DataFileError, TemplateError
from gradual_common.language.document import Document, Path, attempt, texts_in, value_at
from gradual_common.language.plan_view import GroupView, PlanView
from gradual_common.language.steps import expressions_in, templates_in
from gradual_common.language.wording import listed, nearest
from gradual_common.plan.checks.templates import MAPPING_METHODS, Uses
from gradual_common.plan.data.data_files import DataTable, Row, columns_of, read_all_rows
from gradual_common.plan.data.supplies import Supply
from gradual_common.plan.model.plan import DataSet, WrittenDataSet
from gradual_common.plan.reading.environment import Locate
from gradual_common.secrecy.quoting import shorten
from gradual_common.templates.trees import is_template, names_in
from gradual_common.units import count

DATA_SETS: TypeAdapter[DataSet] = TypeAdapter(WrittenDataSet)

Files = dict[FilePath, tuple[Row, ...] | None]
"""The rows of each file that was read; None for a file without rows."""

Tables = dict[tuple[int, str], DataTable]
"""By (group number, set name)."""

Supplies = dict[tuple[int, str], Supply]
"""Of the sets with `per: iteration`, by (group number, set name); sets of one file have the same one."""


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
    """The columns that templates read, each with the path of its first use."""


def load_data(view: PlanView, uses: Uses, locate: Locate, seed: int) -> tuple[Tables, Supplies]:
    """The tables of every group, and what is dealt out; reports unreadable files, unknown columns and missing rows."""
    files: Files = {}
    taken: defaultdict[FilePath, list[Claim]] = defaultdict(list)
    dealt: defaultdict[FilePath, list[Claim]] = defaultdict(list)
    tables: Tables = {}
    for claim in _claims(view, uses, locate):
        rows = _read(view.document, files, claim.path, claim.data, claim.file)
        if rows is None:
            continue
        _check_columns(view.document, claim, rows)
        if claim.data.per == "iteration":
            dealt[claim.file].append(claim)
            continue
        first, size = 0, 0
        if claim.data.pick == "unique":
            # No two users share a row, so the claims on one file divide it: each starts after the rows of the claims
            # before it. The order of groups decides, so the same plan gives the same rows in every run.
            first, size = sum(earlier.wanted for earlier in taken[claim.file]), claim.wanted
            taken[claim.file].append(claim)
        tables[claim.group.number, claim.name] = DataTable(
            rows, claim.data.pick, first, size, seed, claim.group.number, claim.data.on_exhausted == "recycle"
        )
    for name, written in view.data.items():
        # No user needs a row of a set that no template reads, but a missing file is a mistake in the plan.
        if (data := attempt(DATA_SETS.validate_python, written)) is not None:
            _read(view.document, files, ("data", name), data, locate(("data", name, "file"), data.file))
    for file, claims in taken.items():
        _check_number(view.document, file, len(files[file] or ()), claims)
    for group in view.groups:
        own = {claim.name for claims in dealt.values() for claim in claims if claim.group is group}
        if own:
            _check_sections(view, group, own)
    supplies: Supplies = {}
    for file, claims in dealt.items():
        # Rows that belong to users are not dealt out.
        rows = (files[file] or ())[sum(claim.wanted for claim in taken.get(file, ())) :]
        supplies |= _supply(view.document, rows, claims)
    return tables, supplies


def _supply(document: Document, rows: tuple[Row, ...], claims: list[Claim]) -> Supplies:
    """What the sets of one file share."""
    first = claims[0]
    if not rows:
        document.report(first.path, f"{first.file} has no row left for iterations: all belong to users")
        return {}
    for claim in claims:
        if claim.data.on_exhausted != first.data.on_exhausted:
            document.report(
                (*claim.path, "on_exhausted"),
                f"{claim.file} is used up once for all groups, so all say the same: {first.group.name} says "
                f"{first.data.on_exhausted}",
            )
    names = list(dict.fromkeys(claim.name for claim in claims))
    supply = Supply(" and ".join(names), rows, first.data.on_exhausted == "recycle")
    try:
        supply.check_sizes()
    except DataFileError as error:
        document.report(first.path, str(error))
    return {(claim.group.number, claim.name): supply for claim in claims}


def _check_sections(view: PlanView, group: GroupView, dealt: set[str]) -> None:
    """The rows of iterations are there in `behavior` only."""
    for entry in group.entries:
        if entry.path[2] == "behavior":
            continue
        texts = [(path, text, True) for path, text in expressions_in(entry)]
        texts += [(path, text, False) for path, text in templates_in(entry)]
        texts += [
            (path, text, False) for path, text in texts_in(view.actions.get(entry.action), ("actions", entry.action))
        ]
        for path, text, is_expression in texts:
            for name in sorted(dealt & _names_in(text, is_expression)):
                message = f"{text!r} is performed in {entry.path[2]}, but a row of {name!r} belongs to an iteration"
                view.document.report(path, message)


def _names_in(text: str, is_expression: bool) -> set[str]:
    """What a text reads; nothing if it does not compile, which is reported elsewhere."""
    try:
        return set(names_in(text, is_expression)) if is_expression or is_template(text) else set()
    except TemplateError:
        return set()


def _read(document: Document, files: Files, path: Path, data: DataSet, file: FilePath) -> tuple[Row, ...] | None:
    """The rows of a file; None if there are none, which is reported once per file."""
    if file not in files:
        files[file] = None
        try:
            files[file] = read_all_rows(file, data.delimiter, data.encoding) or None
            if files[file] is None:
                document.report(path, f"{file} has no rows")
        except DataFileError as error:
            document.report(path, str(error))
    return files[file]


def _claims(view: PlanView, uses: Uses, locate: Locate) -> list[Claim]:
    """For each group: all sets of its own, and the sets of the top level that its templates use."""
    claims = []
    for group in view.groups:
        sets: list[tuple[str, Path]] = [(name, (*group.path, "data", name)) for name in group.data]
        used = [name for name in view.data if name not in group.data and (group.number, name) in uses]
        sets += [(name, ("data", name)) for name in used]
        for name, path in sets:
            data = attempt(DATA_SETS.validate_python, value_at(view.document.root, path))
            wanted = view.most_users(group)
            if data is not None and wanted is not None:
                file = locate((*path, "file"), data.file)
                claims.append(Claim(group, name, path, data, file, wanted, uses.get((group.number, name), {})))
    return claims


def _check_columns(document: Document, claim: Claim, rows: tuple[Row, ...]) -> None:
    columns = columns_of(rows)
    for column, path in claim.columns.items():
        if column not in columns and column not in MAPPING_METHODS:
            # In a file without a header the first row of data is read as the header: it may be long or secret.
            known = f"columns: {shorten(listed(columns))}"
            hint = "; ".join(part for part in (nearest(column, columns), known) if part)
            text = f"{claim.file} has no column {column!r}, which {{{{{claim.name}.{column}}}}} reads"
            document.report(path, text, hint)


def _check_number(document: Document, file: FilePath, rows: int, claims: list[Claim]) -> None:
    """`pick: unique` needs a row for every slot of every group that reads the file."""
    needed = sum(claim.wanted for claim in claims)
    if rows >= needed or all(claim.data.on_exhausted == "recycle" for claim in claims):
        return
    groups = listed([f"{claim.group.name} {claim.wanted}" for claim in claims])
    document.report(
        claims[-1].path,
        f"{file} has {count(rows, 'row')}, but {needed} are needed, one for each user ({groups})",
        f"add {count(needed - rows, 'row')}, or share them: on_exhausted: recycle, pick: sequential or pick: random",
    )
