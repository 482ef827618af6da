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
from gradual_master.reporting.text.formatting import show_count, show_moment, show_number
from gradual_master.store.runs import RunFilter, StoredRun, delete_run, find_run, list_runs

SCHEMA = "gradual.runs/1"
HEADER = ("RUN", "WHEN", "NAME", "VERDICT", "USERS", "THROUGHPUT", "P95")
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
    rate = NO_VALUE if run.throughput_rps is None else f"{show_number(run.throughput_rps)}/s"
    p95 = NO_VALUE if run.p95_ms is None else f"{show_number(run.p95_ms)} ms"
    return (run.id, show_moment(run.started_at), run.name, run.status, show_count(run.users), rate, p95)
