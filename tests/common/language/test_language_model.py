"""Names are text, and counts are numbers."""

import pytest

from gradual_common.language.model import read_name, read_whole


def test_names_are_text_and_counts_are_numbers() -> None:
    assert read_name("x") == "x"
    with pytest.raises(ValueError, match='quote it: "404"'):
        read_name(404)
    with pytest.raises(ValueError, match="true is not a whole number"):
        read_whole(True)
