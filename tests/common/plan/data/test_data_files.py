"""Rows are read from every kind of file, and each slot finds its own."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.errors import DataFileError
from gradual_common.plan.data.data_files import DataTable, columns_of, read_all_rows, read_rows

ROWS = tuple({"id": n} for n in range(10))


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_values_of_csv_stay_texts(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'id,note\r\n007,"a, ""b"""\r\n\r\n8,\r\n')
    assert read_rows(path) == ({"id": "007", "note": 'a, "b"'}, {"id": "8", "note": ""})


def test_a_byte_order_mark_is_no_part_of_a_column(tmp_path: Path) -> None:
    assert read_rows(written(tmp_path, "a.csv", b"\xef\xbb\xbfid\n1\n")) == ({"id": "1"},)


def test_delimiter_and_encoding_may_be_said(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "a;b\né;1\n".encode("latin-1"))
    assert read_rows(path, ";", "latin-1") == ({"a": "é", "b": "1"},)
    assert read_rows(written(tmp_path, "a.tsv", "a\tb\n1\t2\n")) == ({"a": "1", "b": "2"},)


def test_json_and_json_lines_keep_their_types(tmp_path: Path) -> None:
    rows = ({"a": 1, "b": [None]}, {"a": "x"})
    assert read_rows(written(tmp_path, "a.json", '[{"a": 1, "b": [null]}, {"a": "x"}]')) == rows
    assert read_rows(written(tmp_path, "a.jsonl", '{"a": 1, "b": [null]}\n\n{"a": "x"}\n')) == rows
    assert columns_of(rows) == ("a", "b")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "", "has no header"),
        ("a.csv", "a,,c\n", "column 2 has no name"),
        ("a.csv", "a,a\n", "two columns are called 'a'"),
        ("a.csv", "a,b\n1,2\n3\n", "line 3: 1 field where the header has 2 columns"),
        ("a.csv", 'a\n"x\n', "unexpected end of data"),
        ("a.csv", b"a\n\xff\n", "is not utf-8 text"),
        ("a.json", "{}", "a list of objects is expected"),
        ("a.json", "[1]", "entry 1: an object with the columns is expected"),
        ("a.json", "[", "this is not JSON"),
        ("a.json", '[{"a": NaN}]', "NaN is not a JSON number"),
        ("a.jsonl", '{"a": 1}\n[2]\n', "line 2: an object"),
    ],
)
def test_what_cannot_be_read_is_reported_with_its_position(
    tmp_path: Path, name: str, text: str | bytes, message: str
) -> None:
    with pytest.raises(DataFileError) as caught:
        read_rows(written(tmp_path, name, text))
    assert message in str(caught.value)


def test_a_missing_file_and_an_unknown_encoding_are_reported(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"cannot read .*no\.csv: No such file"):
        read_rows(tmp_path / "no.csv")
    with pytest.raises(DataFileError, match="'utf-9' is not an encoding"):
        read_rows(written(tmp_path, "a.csv", "a\n"), encoding="utf-9")


@given(st.integers(0, 10), st.integers(0, 10))
def test_unique_rows_are_the_groups_own(first: int, count: int) -> None:
    table = DataTable(ROWS, "unique", first, min(count, 10 - first))
    held = [table.row(ordinal) for ordinal in range(12)]
    assert held == [*ROWS[first : first + count], *[None] * (12 - min(count, 10 - first))]


def test_sequential_rows_begin_anew() -> None:
    table = DataTable(ROWS, "sequential")
    assert [table.row(ordinal) for ordinal in (0, 9, 10, 23)] == [{"id": 0}, {"id": 9}, {"id": 0}, {"id": 3}]


def test_a_random_row_belongs_to_the_slot_and_the_seed() -> None:
    table, again, other = (DataTable(ROWS, "random", seed=seed) for seed in (1, 1, 2))
    drawn = [table.row(ordinal) for ordinal in range(100)]
    assert drawn == [again.row(ordinal) for ordinal in range(100)]
    assert drawn != [other.row(ordinal) for ordinal in range(100)]
    assert {row["id"] for row in drawn if row} == set(range(10))


def test_an_empty_table_has_no_rows() -> None:
    assert DataTable((), "random").row(0) is None


def test_a_pattern_means_all_files_that_match_sorted_by_name(tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    for name, text in (
        ("b.csv", "id,n\n3,x\n"),
        ("a.csv", "n,id\nx,1\nx,2\n"),
        ("c.json", '[{"id": 9}]'),
        ("d.csv", "id,n\n"),
    ):
        (tmp_path / "users" / name).write_text(text)
    assert [row["id"] for row in read_all_rows(tmp_path / "users/*.csv")] == ["1", "2", "3"]
    with pytest.raises(DataFileError, match=r"c\.json has other columns than .*a\.csv: only one of them has n"):
        read_all_rows(tmp_path / "users/*")


def test_a_pattern_without_files_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="no file matches"):
        read_all_rows(tmp_path / "*.csv")


def test_a_file_whose_name_looks_like_a_pattern_is_meant_itself(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_text("id\n1\n")
    (tmp_path / "a1.csv").write_text("id\n2\n")
    assert read_all_rows(tmp_path / "a[1].csv") == ({"id": "1"},)
