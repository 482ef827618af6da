"""Methods and header values of a plan."""

from typing import Any

import pytest

from gradual_common.kinds.http.kind import read_method
from gradual_common.kinds.http.settings import check_header_value


def test_methods_are_capitals() -> None:
    assert read_method("post") == "POST"
    for wrong in ("GET /x", 5, "CONNECT", ""):
        with pytest.raises(ValueError, match="not an HTTP method"):
            read_method(wrong)


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, "a\r\nX: 1"])
def test_a_header_is_one_line_of_text(value: Any) -> None:
    with pytest.raises(ValueError, match="header's value"):
        check_header_value(value)
