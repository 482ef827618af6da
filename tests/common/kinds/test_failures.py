"""The order of the built-in failures is that of their numbers on the wire, and never changes."""

from gradual_common.kinds.failure import FailureKind
from gradual_common.kinds.failures import KINDS, FailureKinds


def test_the_numbers_of_built_in_failures_stay() -> None:
    assert KINDS == (
        "", "status", "assertion:status_code", "assertion:response_time", "assertion:header",
        "assertion:body_contains", "assertion:body_matches", "assertion:json", "assertion:body_size", "extract",
        "timeout", "connect", "dns", "tls", "reset", "protocol", "redirect", "proxy", "template", "body_too_large",
        "internal", "assertion:xpath", "assertion:css", "assertion:json_schema", "poll", "data", "graphql", "sse",
        "token",
    )  # fmt: skip


def test_others_come_after_and_two_plans_with_the_same_are_equal() -> None:
    mine = FailureKind("mine", "my own", has_response=True, by_status=True)
    one, two = FailureKinds([mine]), FailureKinds([mine])
    assert (one.numbers["mine"], len(one)) == (len(KINDS), len(KINDS) + 1)
    assert len(KINDS) in one.by_status
    assert (one, hash(one)) == (two, hash(two))
    assert one != FailureKinds()


def test_a_sentence_is_found_by_its_figure_then_by_its_parts_and_else_has_the_general_name() -> None:
    kind = FailureKind("k", "general", causes=(("hung up", "gone"),))
    assert [kind.label_for(said) for said in ("it HUNG UP", "else", "")] == ["gone", "general", "general"]
