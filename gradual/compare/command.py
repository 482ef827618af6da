"""`gradual compare A… -- B…`: reads, compares, prints, writes its reports, and returns the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import typer

from gradual.compare.arguments import sides_of
from gradual.compare.console import console_lines
from gradual.compare.files import read_sides
from gradual.errors import CompareRefusedError
from gradual_common.process.exit_codes import FailOn, of_comparison
from gradual_common.process.streams import is_utf8
from gradual_common.secrecy.quoting import quoted
from gradual_master.comparing.reading import SummaryRun
from gradual_master.comparing.summaries import SummaryComparison, compare_sides
from gradual_master.errors import StoreInputError
from gradual_master.reporting.interface.files import check_writable, write_whole


@dataclass(frozen=True, slots=True)
class ComparisonOutput:
    """Where a comparison goes beside the terminal, and what of it is a failure."""

    as_json: bool = False
    markdown: Path | None = None
    html: Path | None = None
    fail_on: FailOn | None = None
    is_forced: bool = False
    how_to_force: str = "--force"
    """What compares runs all the same that must not be compared."""


def compare_named(words: Sequence[str], store: str | None, output: ComparisonOutput) -> int:
    """Compare the runs on both sides of `--`; CompareRefusedError if they cannot or must not be compared."""
    check_outputs(output)
    baseline, candidate = read_sides(*sides_of(words), stored=partial(_stored, store))
    return report_comparison(baseline, candidate, output)


def _stored(store: str | None, named: str) -> Any:
    from gradual.stored.loading import load_run  # noqa: PLC0415 - files need no store
    from gradual.stored.opening import open_for  # noqa: PLC0415 - as above

    try:
        with open_for(store).reading() as connection:
            return load_run(connection, named).to_dict()
    except StoreInputError as error:
        raise CompareRefusedError(
            f"{quoted(named)} is neither a file nor a folder, and no stored run: {error}"
        ) from error


def check_outputs(output: ComparisonOutput) -> None:
    """ReporterError if a report could not be written."""
    for option, path in (("--markdown", output.markdown), ("--html", output.html)):
        if path is not None:
            check_writable(path, f"{option} {path}")


def report_comparison(baseline: Sequence[SummaryRun], candidate: Sequence[SummaryRun], output: ComparisonOutput) -> int:
    """Compare runs, print and write what was found, and return the exit code."""
    found = compare_sides(baseline, candidate, force=output.is_forced)
    if output.as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=not is_utf8(sys.stdout), allow_nan=False))
    elif found.result is not None:
        typer.echo("\n".join(console_lines(found)))
    _write_reports(found, output)
    if found.result is None:
        hint = (
            "" if output.is_forced else f"\n{output.how_to_force} compares all the same where runs have common levels"
        )
        raise CompareRefusedError("not compared\n" + "\n".join(f"  {reason}" for reason in found.refusals) + hint)
    return of_comparison(found.result.verdict, output.fail_on)


def _write_reports(found: SummaryComparison, output: ComparisonOutput) -> None:
    # Each loads only if it is asked for: jinja2 takes longer than the comparison.
    if output.markdown is not None:
        from gradual.compare.markdown import render_markdown  # noqa: PLC0415

        _write(output.markdown, render_markdown, found)
    if output.html is not None:
        from gradual.compare.page import render_page  # noqa: PLC0415

        _write(output.html, render_page, found)


def _write(path: Path, render: Callable[[SummaryComparison], str], found: SummaryComparison) -> None:
    try:
        write_whole(path, render(found))
    except OSError as error:
        raise CompareRefusedError(f"cannot write {path}: {error.strerror or error}") from error
