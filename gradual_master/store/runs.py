"""The runs of a store: written, listed, found by what a user types, read and deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, delete, insert, select

from gradual_common.secrecy.quoting import quoted, visible
from gradual_master.errors import StoreInputError
from gradual_master.store.packing import pack_document, pack_text, storable, unpack_document, unpack_text
from gradual_master.store.tables import BASELINE_RUNS, RUNS

if TYPE_CHECKING:  # heavy: a list of runs needs no summary
    from gradual_master.results.summary.sections import Summary

LAST = "last"
"""How the run that started last is called on a command line."""

MAX_NAMED = 5
"""How many runs a message names."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One run without its documents."""

    id: str
    name: str
    started_at: str
    """RFC 3339, as `finished_at`."""
    finished_at: str
    status: str
    exit_code: int
    plan_sha256: str
    tags: Mapping[str, str]
    version: str
    """Of Gradual."""
    users: int
    """The most that were scheduled at once."""
    throughput_rps: float | None
    p95_ms: float | None
    """Of all response times; None without one, as the throughput."""

    @classmethod
    def of(cls, summary: Summary) -> StoredRun:
        """The row of a summary."""
        run, totals = summary.run, summary.totals
        return cls(
            id=run.id,
            name=storable(run.name),
            started_at=storable(run.started_at),
            finished_at=storable(run.finished_at),
            status=summary.verdict.status,
            exit_code=run.exit_code,
            plan_sha256=storable(run.plan_sha256),
            tags={storable(name): storable(value) for name, value in run.tags.items()},
            version=storable(run.version),
            users=_users_of(summary),
            throughput_rps=totals.throughput_rps,
            p95_ms=totals.response_time_ms.p95,
        )

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON data."""
        return asdict(self)


def _users_of(summary: Summary) -> int:
    in_groups = sum(group.users_target for group in summary.groups)
    return int(max((level.target for level in summary.levels), default=in_groups))


ROW = tuple(RUNS.c[name] for name in StoredRun.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are listed."""

    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    """All of them."""
    last: int | None = None
    """The newest ones; None: all."""


def add_run(connection: Connection, summary: Summary, plan: str | None = None) -> bool:
    """Write a run, and the plan as it ran; returns False for one that is there already, which stays as it is.

    StoreInputError for a number that no summary has: one that is not finite, or beyond 64 bits.
    """
    try:
        row = StoredRun.of(summary)
        if connection.execute(select(RUNS.c.id).where(RUNS.c.id == row.id)).first() is not None:
            return False
        documents = {"summary": pack_document(summary.to_dict()), "plan": None if plan is None else pack_text(plan)}
        connection.execute(insert(RUNS).values(**row.to_dict(), **documents))
    except (ValueError, OverflowError, RecursionError) as error:
        raise StoreInputError(f"the run {visible(summary.run.id)} cannot be stored: {error}") from error
    return True


def list_runs(connection: Connection, chosen: RunFilter) -> list[StoredRun]:
    """The runs of the filter, the newest first."""
    query = _newest_first(select(*ROW))
    if chosen.name is not None:
        query = query.where(RUNS.c.name == chosen.name)
    # SQLite's JSON paths compare names as they are written, in which ö is \u00f6, and know no " in one: so tags are
    # compared here. The rows have no documents.
    found = (run for run in map(stored_run, connection.execute(query)) if chosen.tags.items() <= run.tags.items())
    return list(islice(found, chosen.last))


def find_run(connection: Connection, named: str) -> StoredRun:
    """The run of an id, a unique beginning of one, or `last`; StoreInputError says what there is."""
    if not named:  # A variable of a shell that is not set: every id begins with nothing.
        raise StoreInputError("RUN is empty; `gradual runs` lists the runs")
    if named == LAST:
        return _last_run(connection)
    if (exact := connection.execute(select(*ROW).where(RUNS.c.id == named)).first()) is not None:
        return stored_run(exact)
    query = _newest_first(select(*ROW)).where(RUNS.c.id.startswith(named, autoescape=True))
    found = [stored_run(row) for row in connection.execute(query.limit(MAX_NAMED + 1))]
    if not found:
        raise StoreInputError(f"no run's id begins with {quoted(named)}; `gradual runs` lists the runs")
    if len(found) == 1:
        return found[0]
    names = ", ".join(run.id for run in found[:MAX_NAMED])
    raise StoreInputError(f"several runs' ids begin with {quoted(named)}: {names}{_more(found)}; give more of the id")


def _last_run(connection: Connection) -> StoredRun:
    found = connection.execute(_newest_first(select(*ROW)).limit(1)).first()
    if found is None:
        raise StoreInputError("no run is in the store yet; `gradual runs` lists the runs")
    return stored_run(found)


def load_summary(connection: Connection, run: str) -> dict[str, Any]:
    """The document of the run with this id, which is there."""
    return unpack_document(connection.execute(select(RUNS.c.summary).where(RUNS.c.id == run)).scalar_one())


def load_plan_text(connection: Connection, run: str) -> str | None:
    """The plan as it ran, as YAML; None for a run that came from a file."""
    packed = connection.execute(select(RUNS.c.plan).where(RUNS.c.id == run)).scalar_one()
    return None if packed is None else unpack_text(packed)


def delete_run(connection: Connection, run: str) -> None:
    """Delete the run with this id; StoreInputError names the baselines that have it."""
    query = select(BASELINE_RUNS.c.baseline).where(BASELINE_RUNS.c.run == run).order_by(BASELINE_RUNS.c.baseline)
    if names := list(connection.execute(query).scalars()):
        raise StoreInputError(
            f"the run {run} belongs to the baseline {', '.join(names)}; first remove that "
            "(`gradual baseline remove NAME`), or set it to other runs"
        )
    connection.execute(delete(RUNS).where(RUNS.c.id == run))


def _newest_first(query: Select[Any]) -> Select[Any]:
    return query.order_by(RUNS.c.started_at.desc(), RUNS.c.id.desc())


def stored_run(row: Row[Any]) -> StoredRun:
    """The run of a row with the columns `ROW`."""
    return StoredRun(**row._mapping)


def _more(found: Sequence[StoredRun]) -> str:
    return ", …" if len(found) > MAX_NAMED else ""
