"""The tables of the store. A change of them is a migration, too (`migrations/versions/`); a test compares both."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Integer, LargeBinary, MetaData, String, Table

METADATA = MetaData()

RUNS = Table(
    "runs",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("started_at", String, nullable=False, index=True),
    # As in the summary: RFC 3339 in UTC, so that texts sort as times do.
    Column("finished_at", String, nullable=False),
    Column("status", String, nullable=False),
    Column("exit_code", Integer, nullable=False),
    Column("plan_sha256", String, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("version", String, nullable=False),
    Column("users", Integer, nullable=False),
    Column("throughput_rps", Float),
    Column("p95_ms", Float),
    Column("summary", LargeBinary, nullable=False),
    # `gradual.summary/1` and the plan as it ran, packed (`packing`).
    Column("plan", LargeBinary),
)

BASELINES = Table(
    "baselines",
    METADATA,
    Column("name", String, primary_key=True),
    Column("created_at", String, nullable=False),
    Column("variations", JSON, nullable=False),
    # Per metric: how much runs of the same system differ, and from how many runs that was found.
)

BASELINE_RUNS = Table(
    "baseline_runs",
    METADATA,
    Column("baseline", String, ForeignKey("baselines.name", ondelete="CASCADE"), primary_key=True),
    Column("run", String, ForeignKey("runs.id"), primary_key=True),
)
