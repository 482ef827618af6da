"""A file that is no JSON is refused with the reason, however it is broken."""

from pathlib import Path

import pytest

from gradual_master.errors import SummaryRefusedError
from gradual_master.results.json_files import MAX_BYTES, read_json


def test_a_mark_of_the_byte_order_is_no_content(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(tmp_path / "a.json") == {"a": 1}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "is no JSON file: Expecting value", id="empty"),
        pytest.param(b"[" * 100_000, "is no JSON file: maximum recursion", id="too deep"),
        pytest.param(b"\xff", r"is no JSON file: it is not UTF-8 \(byte 0\)", id="bytes"),
        pytest.param(b"1" * 5000, "is no JSON file: Exceeds the limit", id="a number with too many digits"),
    ],
)
def test_a_file_that_is_no_json_is_refused_by_name(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(SummaryRefusedError, match=rf"a\.json {reason}"):
        read_json(tmp_path / "a.json")


def test_a_file_larger_than_any_summary_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(SummaryRefusedError, match=r"a\.json is larger than 256 MB"):
        read_json(tmp_path / "a.json")
