"""The sizes of rows that are dealt out."""

import pytest

from gradual_common.errors import DataFileError
from gradual_common.plan.data.supplies import MAX_ROW_BYTES, Supply
from gradual_common.protocol.provisions import dump_json


def test_sizes_are_those_on_the_wire() -> None:
    rows = [{"a": "x"}, {"a": "é\ud800"}, {"b": [1, None]}]
    assert list(Supply("d", rows).sizes) == [len(dump_json(row)) for row in rows]


def test_a_row_that_fits_into_no_message_is_reported() -> None:
    with pytest.raises(DataFileError, match="row 2 of 'd' has "):
        Supply("d", [{"a": "x"}, {"a": "x" * MAX_ROW_BYTES}]).check_sizes()
