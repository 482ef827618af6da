"""The rows of data sets with `per: iteration`: each is dealt out once, in order, to whichever iteration comes next."""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from gradual_common.errors import DataFileError
from gradual_common.plan.data.data_files import Row

MAX_ROW_BYTES = 2 * 1024 * 1024
"""Of one row as JSON: it is sent in one message, and gRPC takes 4 MiB."""


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """The rows of one file. The sets that read the same file share it: no row is used twice."""

    name: str
    """How messages and results call it."""
    rows: Sequence[Row]
    recycles: bool = False
    """After the last row comes the first one again."""
    sizes: Sequence[int] = field(init=False, repr=False)
    """The bytes of each row as JSON."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", array("q", map(_size_of, self.rows)))

    def check_sizes(self) -> None:
        """Raises DataFileError for a row that is too large for a message."""
        for number, size in enumerate(self.sizes, start=1):
            if size > MAX_ROW_BYTES:
                raise DataFileError(
                    f"row {number} of {self.name!r} has {size:,} bytes as JSON; at most {MAX_ROW_BYTES:,} are allowed"
                )


def _size_of(row: Row) -> int:
    return len(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
