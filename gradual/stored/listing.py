"""`gradual runs`: the runs of the store, the newest first; and the deletion of one."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Literal

import typer

from gradual.stored.opening import open_for
from gradual.stored.table import table_lines
from gradual_common.process.streams import is_utf8
from gradual_master.command_line.options import pairs
from gradual_master.store.runs import RunFilter, StoredRun, delete_run, find_run, list_runs

SCHEMA = "gradual.runs/1"
HEADER = ("RUN", "WHEN (UTC)", "NAME", "VERDICT", "USERS", "THROUGHPUT", "P95")
NUMBERS = frozenset({4, 5, 6})
NO_VALUE = "–"


def show_runs(
    store: str | None, name: str | None, tags: Sequence[str], last: int, *, form: Literal["table", "json", "ids"]
) -> None:
    """Print the runs of the filter, the newest first."""
    chosen = RunFilter(name, dict(pairs(tags, "--tag", "K=V")), last)
    database = open_for(store)
    with database.reading() as connection:
        found = list_runs(connection, chosen)
    if form == "json":
        document = {"schema": SCHEMA, "runs": [run.to_dict() for run in found]}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=not is_utf8(sys.stdout)))
    elif form == "ids":
        typer.echo("".join(f"{run.id}\n" for run in found), nl=False)
    elif found:
        typer.echo("\n".join(table_lines(HEADER, [row_of(run) for run in found], NUMBERS)))
    else:
        typer.echo(f"no such run is in {database.path}", err=True)


def delete_stored_run(store: str | None, named: str) -> None:
    """Delete a run from the store."""
    with open_for(store).writing() as connection:
        run = find_run(connection, named)
        delete_run(connection, run.id)
    typer.echo(f"deleted: {run.id} ({run.name})")


def row_of(run: StoredRun) -> tuple[str, ...]:
    """What the table shows of a run."""
    rate = NO_VALUE if run.throughput_rps is None else f"{_short(run.throughput_rps)}/s"
    p95 = NO_VALUE if run.p95_ms is None else f"{_short(run.p95_ms)} ms"
    return (run.id, moment_of(run.started_at), run.name, run.status, f"{run.users:,}", rate, p95)


def moment_of(instant: str) -> str:
    """An instant (RFC 3339, UTC) as date and time to the second."""
    return f"{instant[:10]} {instant[11:19]}"


def _short(value: float) -> str:
    """Three digits, and all digits before the point."""
    # The formats of reports are not imported: all reporters would be loaded for a list.
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
