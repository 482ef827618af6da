"""`gradual baseline set`, `list`, `show` and `remove`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import typer

from gradual.stored.history import history_lines
from gradual.stored.listing import HEADER, NUMBERS, moment_of, row_of
from gradual.stored.loading import take_runs
from gradual.stored.opening import open_for
from gradual.stored.table import table_lines
from gradual_common.process.streams import is_utf8
from gradual_common.units import count
from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.runs import MIN_VARIATION_RUNS
from gradual_master.comparing.history import histories_of
from gradual_master.comparing.reading import JUDGED, SummaryRun, read_run
from gradual_master.comparing.summaries import compare_sides
from gradual_master.comparing.variation import variations_of
from gradual_master.errors import StoreInputError
from gradual_master.results.summary.sections import Summary
from gradual_master.store.baselines import (
    StoredBaseline,
    check_baseline_name,
    find_baseline,
    list_baselines,
    remove_baseline,
    set_baseline,
)
from gradual_master.store.runs import load_summary

SCHEMA = "gradual.baseline/1"
ONE_RUN = (
    "with one run nobody knows how much two runs of the same system differ: a comparison with it is inconclusive. "
    "Set two or more, at best five"
)


def make_baseline(store: str | None, name: str, named: Sequence[str]) -> None:
    """Make a baseline of runs, or replace one; StoreInputError for runs that must not be compared with each other."""
    check_baseline_name(name)
    with open_for(store, creates=True).writing() as connection:
        summaries = take_runs(connection, named)
        check_runs(name, summaries)
        runs = [read_run(summary.to_dict()) for summary in summaries]
        variations = variations_of([one.run for one in runs])
        created_at = datetime.now(UTC).isoformat()
        set_baseline(connection, name, [one.run_id for one in runs], variations, created_at)
        made = find_baseline(connection, name)
    typer.echo(f"baseline {name}: {count(len(runs), 'run')}")
    if len(runs) < MIN_VARIATION_RUNS:
        typer.echo(f"note: {ONE_RUN}.", err=True)
    else:
        typer.echo("\n".join(variation_lines(made)))


def check_runs(name: str, summaries: Sequence[Summary]) -> None:
    """StoreInputError with every reason why these runs are no baseline."""
    runs = [read_run(summary.to_dict()) for summary in summaries]
    refusals = tuple(_refusals_of_one(runs[0])) if len(runs) == 1 else compare_sides(runs[:1], runs[1:]).refusals
    if refusals:
        raise StoreInputError(f"these runs make no baseline {name}: {' '.join(refusals)}")


def _refusals_of_one(run: SummaryRun) -> Iterator[str]:
    """What would refuse every comparison with this run."""
    if run.status not in JUDGED:
        yield f"{run.name}: the run is {run.status}, so that its values are not the system's. Leave it out."
    if run.facts.fingerprint is None:
        yield f"{run.name}: its machine was not recorded, so that it is not known which runs are on the same kind."
    if not run.facts.targets:
        yield f"{run.name} has no level with users that was measured."


def show_baselines(store: str | None, *, as_json: bool) -> None:
    """Print all baselines."""
    database = open_for(store)
    with database.reading() as connection:
        found = list_baselines(connection)
    if as_json:
        _print_json({"schema": SCHEMA, "baselines": [_document(baseline) for baseline in found]})
    elif found:
        rows = [
            (one.name, moment_of(one.created_at), str(len(one.runs)), ", ".join(distinct_names(one))) for one in found
        ]
        typer.echo("\n".join(table_lines(("BASELINE", "SET (UTC)", "RUNS", "PLAN"), rows, frozenset({2}))))
    else:
        typer.echo(f"no baseline is in {database.path}", err=True)


def distinct_names(baseline: StoredBaseline) -> tuple[str, ...]:
    """The names of its runs' plans."""
    return tuple(dict.fromkeys(run.name for run in baseline.runs))


def show_baseline(store: str | None, name: str, *, as_json: bool) -> None:
    """Print the runs of a baseline, how much they differ, and where their level changed."""
    with open_for(store).reading() as connection:
        baseline = find_baseline(connection, name)
        documents = [load_summary(connection, run.id) for run in baseline.runs]
    histories = histories_of([read_run(document).run for document in documents])
    if as_json:
        history = [found.to_dict() for found in histories]
        _print_json({"schema": SCHEMA, **_document(baseline), "history": history})
        return
    typer.echo(f"baseline {name}, set {moment_of(baseline.created_at)} UTC\n")
    typer.echo("\n".join(table_lines(HEADER, [row_of(run) for run in baseline.runs], NUMBERS)))
    typer.echo("\n" + "\n".join([*variation_lines(baseline), "", *history_lines(histories, baseline.runs)]))


def forget_baseline(store: str | None, name: str) -> None:
    """Remove a baseline; its runs stay."""
    with open_for(store).writing() as connection:
        remove_baseline(connection, name)
    typer.echo(f"removed: the baseline {name}; its runs are still in the store")


def variation_lines(baseline: StoredBaseline) -> Iterator[str]:
    """How much runs of the same system differ, per metric."""
    if not baseline.variations:
        yield f"A/A variation: unknown; {ONE_RUN}."
        return
    yield f"A/A variation: what runs of the same system differ by (standard deviation, {len(baseline.runs)} runs)"
    for metric in METRICS:
        found = baseline.variations.get(metric.name)
        if found is not None:
            unit = "%" if metric.relative else "percentage points"
            yield f"  {metric.title:<25} {100 * found.standard_deviation:.2f} {unit}"


def _document(baseline: StoredBaseline) -> dict[str, object]:
    return {
        "name": baseline.name,
        "created_at": baseline.created_at,
        "runs": [run.to_dict() for run in baseline.runs],
        "variations": {
            metric: {"standard_deviation": found.standard_deviation, "runs": found.runs}
            for metric, found in baseline.variations.items()
        },
    }


def _print_json(document: dict[str, object]) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=not is_utf8(sys.stdout), allow_nan=False))
