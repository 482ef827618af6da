"""A rule's comparison, its canonical form, and the quoting of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.rules.parser import parse_rule
from gradual_common.rules.rule import Scope, ScopeItem, quote_name, write_rule


@pytest.mark.parametrize(
    ("op", "below", "same", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
        ("==", False, True, False),
    ],
)
def test_a_limit_holds_on_its_side(op: str, below: bool, same: bool, above: bool) -> None:
    rule = parse_rule(f"count {op} 5")
    assert (rule.holds(4.9), rule.holds(5), rule.holds(5.1)) == (below, same, above)


def test_a_name_is_bare_only_where_it_is_a_plain_identifier_and_no_keyword() -> None:
    names = ["login", "ok", "failed", "login#2", 'say "hi"', "a\\b", "2fa"]
    quoted = ["login", '"ok"', '"failed"', '"login#2"', '"say \\"hi\\""', '"a\\\\b"', '"2fa"']
    assert [quote_name(name) for name in names] == quoted


@given(st.text(min_size=1))
def test_every_name_survives_being_written_and_read(name: str) -> None:
    scope = Scope((ScopeItem("step", name),))
    assert parse_rule(f"p95({scope}) < 1s").scope == scope


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("p95(login)<1500ms", "p95(action=login) < 1.5s"),
        ("error_rate( * , group = guest )<1 %", "error_rate(action=*, group=guest) < 1%"),
        ("p99.90 < 1s at<=5 users for 90", "p99.9 < 1s at <= 5 users for 1m30s"),
    ],
)
def test_a_rule_has_one_canonical_form(text: str, canonical: str) -> None:
    assert write_rule(parse_rule(text)) == canonical


def test_a_scope_knows_its_names_and_where_it_asks_for_every_one() -> None:
    scope = parse_rule("p95(login, browse, group=*) < 1s").scope
    assert scope.names("action") == ("login", "browse")
    assert scope.names("group") == ()
    assert scope.dimensions == ("action", "group")
    assert scope.starred == ("group",)
