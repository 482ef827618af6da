"""GraphQL documents: graphql-core agrees with what is read of them, and every mistake has its place."""

import pytest
from graphql import GraphQLError
from graphql.language import NonNullTypeNode, OperationDefinitionNode, parse
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.kinds.http.graphql_syntax import Operation, parse_operations

DOCUMENTS = [
    "{ a }",
    "\ufeffquery { a, b }",
    "query Q($id: ID!, $n: [Int!]! = [1], $o: In = {a: {b: 1}} @d(x: [1]), $p: [Int!]) @live(if: true) @b { a }",
    'mutation M { pay(in: {from: "a } { \\" #", note: """block \\""" } " """}) { ok } }',
    "# { \nquery A { ...F } fragment F on T @x { b ... on U { c } ... @include(if: true) { d } } query B { ...F }",
    "query query { fragment mutation: on } fragment query on on { a }",
    "subscription S { a(n: -1.5e+3, b: null, c: RED, d: [], e: {}) }",
    '{ a(x: "") b(y: """""") }',
    "query Größe { a }",
    "{ a ",
    "{ a } }",
    "{ a(x: [1) ] }",
    '{ a(x: "open) }',
    '{ a(x: """open) }',
    "query Q(id: ID) { a }",
    "query Q($id ID) { a }",
    "query Q($id: ) { a }",
    "query Q",
    "query Q(",
    "fragment on on T { a }",
    "fragment F T { a }",
    "{ a(x: 01) }",
    "{ a ? }",
    "hello",
    "{{ a }}",
    "fragment F on T { a }",
]


def by_graphql_core(document: str) -> list[Operation]:
    """What graphql-core reads of it, without the variables that a selection uses."""
    definitions = [each for each in parse(document).definitions if isinstance(each, OperationDefinitionNode)]
    return [
        Operation(
            each.operation.value,
            None if each.name is None else each.name.value,
            tuple(
                (one.variable.name.value, isinstance(one.type, NonNullTypeNode) and one.default_value is None)
                for one in each.variable_definitions or ()
            ),
        )
        for each in definitions
    ]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_graphql_core_agrees(document: str) -> None:
    try:
        expected = by_graphql_core(document)
    except GraphQLError:
        with pytest.raises(ValueError, match=r"^line [0-9]+, column [0-9]+: "):
            parse_operations(document)
    else:
        found = [Operation(each.kind, each.name, each.variables) for each in parse_operations(document)]
        assert found == expected


@given(st.text(alphabet='{}()[]$!:=@.|&"\\#,aon1 \n'), st.sampled_from(["", "query Q", "fragment F on "]))
def test_what_graphql_core_takes_is_taken(text: str, start: str) -> None:
    document = f"{start}{text}"
    try:
        expected = by_graphql_core(document)
    except GraphQLError:
        expected = []
    refusal = ""
    found = []
    try:
        found = [Operation(each.kind, each.name, each.variables) for each in parse_operations(document)]
    except ValueError as error:
        refusal = str(error)
    # What the syntax allows and a server refuses: a fragment that there is not, a selection of nothing.
    is_stricter = "there is no fragment" in refusal or "it selects no field" in refusal
    assert not expected or is_stricter or found == expected


def test_the_variables_of_a_selection_are_found() -> None:
    (operation,) = parse_operations('query Q($a: Int) { x(n: $a, m: [$b]) { y @skip(if: $c) } z(t: "$d") } # $e')
    assert operation.used == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{ a }\n}", "line 2, column 1: '}' closes nothing"),
        ("{ a(x: [1) }", "line 1, column 10: ')' cannot close '[' of line 1, column 8"),
        ("{\r\n a(", "line 2, column 3: '(' is never closed"),
        ('{ a(x: "b) }', "line 1, column 8: a text without an end"),
        ("{ a ; }", "line 1, column 5: ';' cannot be here"),
        ("query Q($id: ) { a }", "line 1, column 14: the type of $id is missing"),
        ("query Q(id: ID) { a }", "line 1, column 9: '$' is expected, found 'id'"),
        ("query Q", "line 1, column 8: '{' is expected, found the end"),
        ("query Q { }", "line 1, column 9: it selects no field"),
        ("fragment F { a }", "line 1, column 12: 'on' is expected, found '{'"),
        ("fragment on on T { a }", "line 1, column 10: a fragment cannot have the name 'on'"),
        ("{ a ...F }", "line 1, column 8: there is no fragment 'F'"),
        ("type Q { a: Int }", "line 1, column 1: 'type' begins no query, mutation or fragment"),
        ("query @ { a }", "line 1, column 9: a name is expected, found '{'"),
    ],
)
def test_a_mistake_has_line_and_column(document: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^line") as caught:
        parse_operations(document)
    assert str(caught.value) == message
