"""Checks that a received batch is consistent: a bad one is a WireError here, and not an error while it is merged.

A batch is checked on its own, without the plan. The master's aggregate compares steps, groups and levels with the plan.
Measured for 60 histograms with 5,000 filled buckets: 0.2 ms.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from gradual_common.errors import WireError
from gradual_common.histogram.buckets import BUCKETS
from gradual_common.histogram.columns import COUNT, MAX, MIN, OVER, STAT_COLUMNS, UNDER, HistogramColumns
from gradual_common.protocol.batch import COUNTERS, MEASURES, OF_HEALTH, Batch

MAX_INT64 = 2**63 - 1
MAX_INT32 = 2**31 - 1
_UNSIGNED = {size: np.dtype(f"u{size}") for size in (1, 2, 4, 8)}

MAX_OUTCOMES = 256
"""Outcomes of samples: their numbers are bytes. The reader checks which of them the plan has."""

Array = npt.NDArray[Any]


def check_number(what: str, value: int, low: int = 0, high: int = MAX_INT64) -> int:
    """`value` if it lies in [low, high]; else WireError naming `what`."""
    if not low <= value <= high:
        raise WireError(f"{what} is {value}; allowed is {low} … {high}")
    return value


def check_batch(batch: Batch) -> None:
    """Raise WireError unless the columns of `batch` fit together and no count is negative."""
    check_number("batch number", batch.number, 1)
    check_number("interval", batch.interval)
    frames, cells = len(batch.frames), len(batch.cells)
    for frame in batch.frames:
        check_number("level of a frame", frame.level, -1)
        check_number("end of a frame", frame.end, frame.begin)
    _check_length("users", batch.users, frames)
    _check_length("iterations", batch.iterations, frames)
    if batch.users.shape[1] != batch.iterations.shape[1]:
        raise WireError(f"users of {batch.users.shape[1]} groups beside iterations of {batch.iterations.shape[1]}")
    _check_length("requests", batch.requests, cells)
    check_range("frame of a cell", batch.cells[:, 0], frames)
    check_range("kind of a cell", batch.cells[:, 2], MAX_OUTCOMES)
    for name in ("counters", "statuses", "assertions"):
        check_range(f"frame of {name}", getattr(batch, name)[:, 0], frames)
    check_range("kind of a status", batch.statuses[:, 2], MAX_OUTCOMES)
    check_range("status code", batch.statuses[:, 3], MAX_INT32)
    check_range("assertion number", batch.assertions[:, 2], MAX_INT32)
    for name in ("users", "iterations", "requests", "counters", "statuses", "assertions"):
        check_range(name, getattr(batch, name), MAX_INT64)
    _check_histograms(batch.histograms, cells)


def _check_length(what: str, column: Array, rows: int) -> None:
    if len(column) != rows:
        raise WireError(f"{what} has {len(column)} rows where {rows} belong")


def check_range(what: str, column: Array, size: int, low: int = 0) -> None:
    """Every number lies in [low, size)."""
    if not column.size:
        return
    # One pass instead of two: as an unsigned integer, a number below `low` wraps to one above every allowed number.
    distances = (column - low if low else column).view(_UNSIGNED[column.itemsize])
    if int(np.maximum.reduce(distances, axis=None)) >= size - low:
        raise WireError(f"{what} lies in {column.min()} … {column.max()}; allowed is {low} … {size - 1}")


def _check_histograms(columns: HistogramColumns, cells: int) -> None:
    rows, filled = len(columns.keys), int(columns.sizes.sum())
    _check_length("histogram stats", columns.stats, rows)
    _check_length("histogram sizes", columns.sizes, rows)
    _check_length("histogram indices", columns.indices, filled)
    _check_length("histogram counts", columns.counts, filled)
    check_range("cell of a histogram", columns.keys[:, 0], cells, low=-1)
    check_range("measure of a histogram", columns.keys[:, 1], len(MEASURES))
    if ((columns.keys[:, 0] == -1) != (np.isin(columns.keys[:, 1], OF_HEALTH))).any():
        raise WireError("a histogram of the agent's health belongs to cell -1, and nothing else does")
    check_range("bucket of a histogram", columns.indices, BUCKETS)
    check_range("histogram stats", columns.stats, MAX_INT64)
    _check_counts(columns)


def _check_counts(columns: HistogramColumns) -> None:
    """The buckets of each histogram add up to its count."""
    # The counts of all histograms are in one array. A running sum over it gives the sum of one histogram as the
    # difference of two entries, without a loop over histograms.
    ends = np.cumsum(columns.sizes, dtype=np.int64)
    running = np.concatenate((np.zeros(1, np.int64), np.cumsum(columns.counts, dtype=np.int64)))
    counted = running[ends] - running[ends - columns.sizes]
    stats = columns.stats
    if (counted + stats[:, UNDER] + stats[:, OVER] != stats[:, COUNT]).any():
        raise WireError("the buckets of a histogram do not add up to its count")
    if (stats[:, COUNT] == 0).any() or (stats[:, MIN] > stats[:, MAX]).any():
        raise WireError("a histogram is empty, or its minimum is above its maximum")


COLUMNS: dict[str, tuple[str, int]] = {
    "cells": ("<i4", 3),
    "counters": ("<i8", 2 + len(COUNTERS)),
    "statuses": ("<i8", 5),
    "assertions": ("<i8", 5),
    "keys": ("<i4", 2),
    "stats": ("<i8", len(STAT_COLUMNS)),
    "requests": ("<i8", 1),
    "sizes": ("<u2", 1),
    "indices": ("<i2", 1),
    "counts": ("<u4", 1),
    "started": ("<i8", 1),
    "duration": ("<i8", 1),
    "slot": ("<i4", 1),
    "step": ("<u2", 1),
    "kind": ("<u1", 1),
    "status": ("<u2", 1),
    "trace": ("<u1", 1),
}
"""The type on the wire and the width of each column; a column of width 1 is an array of one dimension."""

_TYPES = {name: (np.dtype(wire), np.dtype(wire[1:])) for name, (wire, _) in COLUMNS.items()}
"""The types on the wire and in memory, made once: numpy parses a type's name slower than we read a short column."""


def read_column(name: str, data: bytes) -> Array:
    """The array (rows, width) of a column's bytes, or (rows,) for width 1; WireError if a row is incomplete."""
    width, (wire, native) = COLUMNS[name][1], _TYPES[name]
    if len(data) % (wire.itemsize * width):
        raise WireError(f"{name} has {len(data)} bytes; its rows take {wire.itemsize * width} each")
    column = np.frombuffer(data, wire).astype(native, copy=False)
    return column if width == 1 else column.reshape(-1, width)


def read_per_group(name: str, data: bytes, frames: int, width: int) -> Array:
    """The int64 array (frames, groups, width); the groups follow from the length, none when there is no frame."""
    row = 8 * max(1, frames) * width
    if len(data) % row or (data and not frames):
        raise WireError(f"{name} has {len(data)} bytes; its rows take {row} each")
    return np.frombuffer(data, "<i8").astype(np.int64, copy=False).reshape(frames, len(data) // row, width)


def write_column(column: Array) -> bytes:
    """The bytes of a column, little-endian, row by row."""
    is_little = column.dtype.isnative == (sys.byteorder == "little")
    return (column if is_little else column.byteswap()).tobytes()
