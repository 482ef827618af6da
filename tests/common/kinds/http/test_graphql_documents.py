"""GraphQL documents: their operations and variables, and that a mistake has its place."""

import pytest

from gradual_common.kinds.http.graphql_documents import Operation, parse_operations


@pytest.mark.parametrize(
    ("document", "operations"),
    [
        ("{ a }", [Operation("query")]),
        ("\ufeffquery { a, b }", [Operation("query")]),
        (
            "query Q($id: ID!, $n: [Int!]! = [1], $p: [Int!]) {a(id: $id, n: $n) {...F} } fragment F on T {b(p: $p)}",
            [Operation("query", "Q", (("id", True), ("n", False), ("p", False)))],
        ),
        ("mutation M { a } query query { b }", [Operation("mutation", "M"), Operation("query", "query")]),
        ("subscription S { a }", [Operation("subscription", "S")]),
        ("fragment F on T { a }", []),
    ],
)
def test_operations_are_found(document: str, operations: list[Operation]) -> None:
    assert parse_operations(document) == operations


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("{ a }\n}", "line 2, column 1: "),
        ("{ a(x: [1) }", "line 1, column 10: "),
        ("query Q($id: ) { a }", "line 1, column 14: "),
        ("{ a ...F }", "line 1, column 8: "),
        ("{ ...F } fragment F on T { ...F }", "line 1, column 28: "),
        ("type Q { a: Int }", "line 1, column 1: "),
        ("query Q { ...F } fragment F on T { a(n: $n) }", "line 1, column 1: "),
        ("query Q { a } query Q { b }", "line 1, column 21: "),
        ("query A { a } { b }", "line 1, column 15: "),
        ("{a" * 5000, ""),
    ],
)
def test_a_mistake_has_line_and_column(document: str, place: str) -> None:
    with pytest.raises(ValueError, match=f"^{place}"):
        parse_operations(document)
