"""Runs and baselines: the first tables."""

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "runs",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("started_at", sa.String(), nullable=False),
        sa.Column("finished_at", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("exit_code", sa.Integer(), nullable=False),
        sa.Column("plan_sha256", sa.String(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("users", sa.Integer(), nullable=False),
        sa.Column("throughput_rps", sa.Float()),
        sa.Column("p95_ms", sa.Float()),
        sa.Column("summary", sa.LargeBinary(), nullable=False),
        sa.Column("plan", sa.LargeBinary()),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])
    op.create_table(
        "baselines",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("variations", sa.JSON(), nullable=False),
    )
    op.create_table(
        "baseline_runs",
        sa.Column("baseline", sa.String(), sa.ForeignKey("baselines.name", ondelete="CASCADE"), primary_key=True),
        sa.Column("run", sa.String(), sa.ForeignKey("runs.id"), primary_key=True),
    )
