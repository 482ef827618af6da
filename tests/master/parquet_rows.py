"""Samples in blocks, and the rows of them that are read back from Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from raw_run import plan_of

pa = pytest.importorskip("pyarrow", reason="pyarrow is an extra")

import pyarrow.dataset as ds  # noqa: E402 (after the skip)
import pyarrow.parquet as pq  # noqa: E402, F401 (for the tests, that import this module first)

from gradual_common.kinds.failures import KIND, KINDS  # noqa: E402
from gradual_common.plan.model.series import SeriesIndex  # noqa: E402
from gradual_master.reporting.interface.samples import SampleBlock  # noqa: E402

S = 1_000_000_000
MINUTE = 60 * S
BEGIN = 1_767_323_045_123_456_789
INDEX = SeriesIndex.of(plan_of())
HIVE = ds.partitioning(pa.schema([("agent", pa.string()), ("minute", pa.int32())]), flavor="hive")

Row = dict[str, Any]


def block_of(agent: str, rows: list[tuple[int, int, int, int, str, int]], index: SeriesIndex = INDEX) -> SampleBlock:
    """Rows of (started, duration, slot, step, kind, status)."""
    started, duration, slot, step, kind, status = zip(*rows, strict=True) if rows else ((),) * 6
    return SampleBlock(
        agent=agent,
        index=index,
        begin=BEGIN,
        started=np.array(started, dtype=np.int64),
        duration=np.array(duration, dtype=np.int64),
        slot=np.array(slot, dtype=np.int32),
        step=np.array(step, dtype=np.uint16),
        kind=np.array([KIND[name] for name in kind], dtype=np.uint8),
        status=np.array(status, dtype=np.uint16),
    )


def random_rows(seed: int, count: int, first: int = 0, seconds: int = 150) -> list[tuple[int, int, int, int, str, int]]:
    rng = np.random.default_rng(seed)
    ended = np.sort(rng.integers(first * S + 2 * S, (first + seconds) * S, count))
    duration = rng.integers(1, 2 * S, count)
    kinds = [KINDS[number] for number in rng.choice([0, 0, 0, *range(1, len(KINDS))], count)]
    rows = zip((ended - duration).tolist(), duration.tolist(), kinds, range(count), strict=True)
    return [
        (start, length, number % 50, number % 3, kind, 0 if kind in ("timeout", "connect") else 200 + number % 3)
        for start, length, kind, number in rows
    ]


def expected(agent: str, rows: list[tuple[int, int, int, int, str, int]]) -> list[Row]:
    """Worked out row by row, as plain values."""
    steps = [("customer", "login"), ("customer", "browse"), ("guest", "rates")]
    return [
        {
            "started_at": BEGIN + started,
            "duration_ns": duration,
            "group": steps[step][0],
            "step": steps[step][1],
            "action": steps[step][1],
            "service": None,
            "slot": slot,
            "status_code": status or None,
            "error": kind or None,
            "ok": not kind,
            "trace_id": None,
            "agent": agent,
            "minute": (started + duration) // MINUTE,
        }
        for started, duration, slot, step, kind, status in rows
    ]


def read(folder: Path) -> list[Row]:
    """What a reader of the data set gets, instants as integers."""
    table = ds.dataset(folder, format="parquet", partitioning=HIVE).to_table()
    started = table["started_at"].cast(pa.int64()).to_pylist()
    return [
        row | {"started_at": at} for row, at in zip(table.drop_columns("started_at").to_pylist(), started, strict=True)
    ]


def in_order(rows: list[Row]) -> list[tuple[Any, ...]]:
    return sorted((row["agent"], row["started_at"], row["duration_ns"], *map(str, row.values())) for row in rows)


def same(found: list[Row], wanted: list[Row]) -> bool:
    columns = list(wanted[0])
    return in_order([{name: row[name] for name in columns} for row in found]) == in_order(wanted)


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
