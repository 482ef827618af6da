"""A table of texts for a terminal."""

from gradual.stored.table import table_lines


def test_columns_are_as_wide_as_their_longest_entry_and_numbers_are_on_the_right() -> None:
    rows = [("a", "1", ""), ("long", "10", "x")]
    assert list(table_lines(("N", "COUNT", "T"), rows, frozenset({1}))) == [
        "N     COUNT  T",
        "a         1",
        "long     10  x",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    assert list(table_lines(("A", "B"), [], frozenset())) == ["A  B"]
