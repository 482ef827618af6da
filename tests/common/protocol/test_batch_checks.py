"""A batch is taken in whole or refused by name."""

from dataclasses import replace

import numpy as np
import pytest

from gradual_common.errors import WireError
from gradual_common.histogram.columns import HistogramColumns, pack_values
from gradual_common.protocol.batch import COUNTERS, LOOP_LAG, MEASURES, START_LAG, Applied, Batch, Frame, Health
from gradual_common.protocol.batch_checks import (
    MAX_OUTCOMES,
    check_batch,
    check_number,
    read_column,
    read_per_group,
    write_column,
)


def batch(**changes: object) -> Batch:
    """Two frames, two groups, one cell with one histogram, one of the agent's health."""
    whole = Batch(
        number=1,
        interval=0,
        last=False,
        frames=(Frame(0, 0, 5), Frame(1, 5, 10)),
        users=np.ones((2, 2, 4), dtype=np.int64),
        iterations=np.ones((2, 2, 2), dtype=np.int64),
        cells=np.array([[1, 0, 1]], dtype=np.int32),
        requests=np.array([2], dtype=np.int64),
        counters=np.zeros((1, 2 + len(COUNTERS)), dtype=np.int64),
        statuses=np.array([[0, 0, 0, 200, 2]], dtype=np.int64),
        assertions=np.array([[1, 0, 0, 2, 0]], dtype=np.int64),
        histograms=pack_values([(0, 0), (-1, LOOP_LAG)], [np.array([5 * 10**6, 10**7]), np.array([10**5])]),
        health=Health(0.5, 3, 3, 0),
        applied=(Applied(1, 5, 6),),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def histograms(**changes: object) -> HistogramColumns:
    return replace(batch().histograms, **changes)  # type: ignore[arg-type]


def column(*rows: object, dtype: str = "i8") -> np.ndarray:
    return np.array(rows, dtype=dtype)


def test_a_whole_batch_passes() -> None:
    check_batch(batch())


def test_an_empty_batch_passes() -> None:
    empty = batch(
        frames=(),
        users=np.zeros((0, 0, 4), dtype=np.int64),
        iterations=np.zeros((0, 0, 2), dtype=np.int64),
        cells=np.zeros((0, 3), dtype=np.int32),
        requests=np.zeros(0, dtype=np.int64),
        counters=np.zeros((0, 11), dtype=np.int64),
        statuses=np.zeros((0, 5), dtype=np.int64),
        assertions=np.zeros((0, 5), dtype=np.int64),
        histograms=pack_values([], []),
        applied=(),
    )
    check_batch(empty)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"number": 0}, "batch number is 0"),
        ({"interval": -1}, "interval is -1"),
        ({"frames": (Frame(-2, 0, 5), Frame(1, 5, 10))}, "level of a frame is -2"),
        ({"frames": (Frame(0, 7, 5), Frame(1, 5, 10))}, "end of a frame is 5"),
        ({"frames": (Frame(0, 0, 5),)}, "users has 2 rows where 1 belong"),
        ({"users": np.ones((2, 3, 4), dtype=np.int64)}, "users of 3 groups beside iterations of 2"),
        ({"users": -np.ones((2, 2, 4), dtype=np.int64)}, "users lies in -1 … -1"),
        ({"cells": column((2, 0, 1))}, "frame of a cell lies in 2 … 2; allowed is 0 … 1"),
        ({"cells": column((0, 0, MAX_OUTCOMES))}, "kind of a cell"),
        ({"cells": column((0, 0, -1))}, "kind of a cell"),
        ({"requests": column(1, 2)}, "requests has 2 rows where 1 belong"),
        ({"requests": column(-2)}, "requests lies in -2"),
        ({"counters": column((5, *[0] * 10))}, "frame of counters"),
        ({"counters": column((0, 0, -1, *[0] * 8))}, "counters lies in -1"),
        ({"statuses": column((0, 0, 0, 2**40, 1))}, "status code"),
        ({"statuses": column((0, 0, MAX_OUTCOMES, 200, 1))}, "kind of a status"),
        ({"assertions": column((0, 0, -3, 1, 1))}, "assertion number"),
        ({"histograms": histograms(keys=column((1, 0), (-1, LOOP_LAG)))}, "cell of a histogram"),
        ({"histograms": histograms(keys=column((0, len(MEASURES)), (-1, LOOP_LAG)))}, "measure of a histogram"),
        ({"histograms": histograms(keys=column((-1, 0), (-1, LOOP_LAG)))}, "health belongs to cell -1"),
        ({"histograms": histograms(keys=column((0, START_LAG), (-1, LOOP_LAG)))}, "health belongs to cell -1"),
        ({"histograms": histograms(sizes=column(2, 2, dtype="u2"))}, "histogram indices has 3 rows where 4 belong"),
        ({"histograms": histograms(sizes=column(3, dtype="u2"))}, "histogram sizes has 1 rows where 2 belong"),
        ({"histograms": histograms(indices=column(0, 1, 2033))}, "bucket of a histogram"),
        ({"histograms": histograms(counts=column(1, 2, 1))}, "do not add up"),
        ({"histograms": histograms(stats=-batch().histograms.stats)}, "histogram stats lies in"),
        ({"histograms": histograms(stats=column((2, 9, 9, 1, 0, 0), (1, 1, 1, 1, 0, 0)))}, "minimum is above"),
        (
            {"histograms": replace(pack_values([(0, 0)], [np.array([1])]), stats=column((0,) * 6))},
            "is empty",
        ),
    ],
)  # fmt: skip
def test_what_does_not_hold_together_is_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(WireError, match=message):
        check_batch(batch(**changes))


def test_columns_survive_the_wire_in_little_endian() -> None:
    cells = column((1, 2, 3), (4, 5, 6), dtype=">i4")
    assert write_column(cells)[:4] == b"\x01\x00\x00\x00"
    assert read_column("cells", write_column(cells)).tolist() == cells.tolist()
    users = np.arange(16, dtype=np.int64).reshape(2, 2, 4)
    assert read_per_group("users", write_column(users), 2, 4).tolist() == users.tolist()
    assert read_per_group("users", b"", 0, 4).shape == (0, 0, 4)


@pytest.mark.parametrize("data", [b"\x00", b"\x00" * 13])
def test_bytes_that_do_not_divide_into_rows_are_refused(data: bytes) -> None:
    with pytest.raises(WireError, match="its rows take 12 each"):
        read_column("cells", data)
    with pytest.raises(WireError, match="its rows take 32 each"):
        read_per_group("users", data, 1, 4)


def test_users_without_a_frame_are_refused() -> None:
    with pytest.raises(WireError, match="users has 32 bytes"):
        read_per_group("users", bytes(32), 0, 4)


def test_a_number_in_its_range_is_itself() -> None:
    assert check_number("epoch", 5) == 5
    with pytest.raises(WireError, match="epoch is -1; allowed is 0 … 9"):
        check_number("epoch", -1, high=9)
