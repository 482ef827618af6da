"""Baselines: runs under a name, with how much runs of the same system differ (the A/A variation per metric)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select

from gradual_common.language.wording import nearest
from gradual_common.plan.model.baselines import ALLOWED, is_baseline_name
from gradual_common.secrecy.quoting import quoted
from gradual_master.analysis.comparison.runs import AaVariation
from gradual_master.errors import StoreInputError
from gradual_master.store.runs import ROW, StoredRun, stored_run
from gradual_master.store.tables import BASELINE_RUNS, BASELINES, RUNS


@dataclass(frozen=True, slots=True)
class StoredBaseline:
    """A baseline without its runs' documents."""

    name: str
    created_at: str
    """RFC 3339."""
    runs: tuple[StoredRun, ...]
    """The oldest first."""
    variations: Mapping[str, AaVariation]
    """Per metric; empty for one run."""


def check_baseline_name(name: str) -> str:
    """The name; StoreInputError if it is not allowed."""
    if not is_baseline_name(name):
        raise StoreInputError(f"{quoted(name)} cannot be the name of a baseline; allowed: {ALLOWED}")
    return name


def set_baseline(
    connection: Connection,
    name: str,
    runs: Sequence[str],
    variations: Mapping[str, AaVariation],
    created_at: str,
) -> None:
    """Make a baseline of the runs with these ids, or replace one of this name."""
    connection.execute(delete(BASELINES).where(BASELINES.c.name == name))
    values = {metric: asdict(found) for metric, found in variations.items()}
    connection.execute(insert(BASELINES).values(name=name, created_at=created_at, variations=values))
    connection.execute(insert(BASELINE_RUNS), [{"baseline": name, "run": run} for run in runs])


def list_baselines(connection: Connection) -> list[StoredBaseline]:
    """All baselines by their names."""
    names = connection.execute(select(BASELINES.c.name).order_by(BASELINES.c.name)).scalars()
    return [find_baseline(connection, name) for name in names.all()]


def find_baseline(connection: Connection, name: str) -> StoredBaseline:
    """The baseline of this name; StoreInputError names one that is like it."""
    found = connection.execute(select(BASELINES).where(BASELINES.c.name == name)).first()
    if found is None:
        raise StoreInputError(_unknown(connection, name))
    query = select(*ROW).join(BASELINE_RUNS, BASELINE_RUNS.c.run == RUNS.c.id).where(BASELINE_RUNS.c.baseline == name)
    rows = connection.execute(query.order_by(RUNS.c.started_at, RUNS.c.id))
    variations = {metric: AaVariation(**values) for metric, values in found.variations.items()}
    return StoredBaseline(name, found.created_at, tuple(map(stored_run, rows)), variations)


def remove_baseline(connection: Connection, name: str) -> None:
    """Remove a baseline; its runs stay. StoreInputError if there is none."""
    if connection.execute(delete(BASELINES).where(BASELINES.c.name == name)).rowcount == 0:
        raise StoreInputError(_unknown(connection, name))


def _unknown(connection: Connection, name: str) -> str:
    names = list(connection.execute(select(BASELINES.c.name).order_by(BASELINES.c.name)).scalars())
    if not names:
        return f"there is no baseline {quoted(name)}, and no other; `gradual baseline set NAME RUN…` makes one"
    return f"there is no baseline {quoted(name)}; {nearest(name, names) or '`gradual baseline list` shows all'}"
