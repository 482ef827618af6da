"""`gradual report` and `gradual export`: a stored run in every form that its summary alone allows.

A store has a run's summary, not its course over time. So reporters that follow a run while it goes on are refused, and
of the others it is said what their reports lack.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from gradual.stored.loading import load_run
from gradual.stored.opening import open_for
from gradual_master.errors import StoreInputError
from gradual_master.reporting import BUILT_IN, Reporter
from gradual_master.reporting.interface.files import write_whole
from gradual_master.reporting.jsonfile import STANDARD_OUTPUT, JsonReporter, render_json
from gradual_master.reporting.running.lookup import ReporterFinder
from gradual_master.reporting.running.threads import prepare_all
from gradual_master.results.summary.sections import Summary

LIVE = ("prometheus", "otlp", "parquet")
"""Reporters whose data are there only while a run goes on."""

LACKS = {
    "html": "the charts over time, the table of intervals and the plan",
    "csv": "intervals.csv, interval_groups.csv, interval_actions.csv, and the rows of interval_watches.csv",
}


def report_run(store: str | None, named: str, specs: Sequence[str]) -> None:
    """Report a stored run by the reporters of `-o`, by default on the console."""
    chosen = list(specs) or ["console"]
    for spec in chosen:
        check_spec(spec)
    with open_for(store).reading() as connection:
        summary = load_run(connection, named)
    finder = ReporterFinder(BUILT_IN)
    reporters = [finder.find(spec) for spec in chosen]
    prepare_all(reporters)
    try:
        report(summary, reporters)
    except OSError as error:
        raise StoreInputError(f"{error.filename or 'a report'} cannot be written: {error.strerror or error}") from error
    finally:
        for reporter in reporters:
            reporter.close()
    for name in dict.fromkeys(spec.partition("=")[0] for spec in chosen):
        if name in LACKS:
            typer.echo(
                f"the {name} report of a stored run lacks {LACKS[name]}: the store has the summary only", err=True
            )


def check_spec(spec: str) -> None:
    """StoreInputError for a reporter that cannot report a run that is over."""
    name = spec.partition("=")[0]
    if name in LIVE:
        others = ", ".join(other for other in BUILT_IN if other not in LIVE)
        raise StoreInputError(f"-o {name} follows a run while it goes on; of a stored run there can be: {others}")


def report(summary: Summary, reporters: Sequence[Reporter]) -> None:
    """Give the summary to each; the console comes last, and names the files."""
    files: list[Path] = []
    for reporter in sorted(reporters, key=lambda reporter: reporter.ends_last):
        if reporter.ends_last:
            reporter.receive_files(tuple(files))
        reporter.on_test_complete(summary)
        files += reporter.written


def export_run(store: str | None, named: str, file: str) -> None:
    """Write the summary of a stored run as JSON; `-` is standard output."""
    with open_for(store).reading() as connection:
        summary = load_run(connection, named)
    if file == STANDARD_OUTPUT:
        JsonReporter(STANDARD_OUTPUT).on_test_complete(summary)
        return
    try:
        write_whole(Path(file), render_json(summary))
    except OSError as error:
        raise StoreInputError(f"{file} cannot be written: {error.strerror or error}") from error
