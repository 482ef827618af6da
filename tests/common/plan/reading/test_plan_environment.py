"""Variables are typed like the values that they bring in, and what they bring in is never a template."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_samples import load, mistakes, small

from gradual_common.language.document import Document
from gradual_common.plan.reading.environment import (
    join_pieces,
    read_secrets,
    split_text,
    substitute_variables,
    template_kind,
)
from gradual_common.plan.reading.overrides import Overrides
from gradual_common.plan.reading.yaml import read_document
from gradual_common.templates.templates import compile_template


def substituted(text: str, environ: dict[str, str]) -> dict[str, Any]:
    document = read_document(text, "p")
    substitute_variables(document, environ)
    assert document.problems == []
    return document.root


def test_a_plain_scalar_is_typed_after_substitution_and_a_quoted_one_stays_text() -> None:
    root = substituted("a: ${N}\nb: '${N}'\nc: ${N}m\nd: 1${N}\n", {"N": "5"})
    assert root == {"a": 5, "b": "5", "c": "5m", "d": 15}


def test_a_default_replaces_an_unset_or_empty_variable() -> None:
    root = substituted("a: ${N:-7}\nb: ${M:-x}\nc: ${E:-}\nd: ${S}\n", {"M": "", "S": ""})
    assert root == {"a": 7, "b": "x", "c": None, "d": None}


def test_a_doubled_dollar_escapes() -> None:
    assert substituted("a: $${N}\nb: $5\n", {}) == {"a": "${N}", "b": "$5"}


def test_an_unset_variable_is_a_mistake_with_its_line() -> None:
    found = mistakes("config:\n  duration: ${LENGTH}\nusers: []\n", environ={"LENGHT": "1m"})
    assert found[0] == "p.yaml:2: config.duration: the variable LENGTH is not set (did you mean 'LENGHT'?)"


def test_what_is_no_variable_is_a_mistake() -> None:
    document = read_document("a: ${}\nb: ${A B}\nc: ${A\n", "p")
    substitute_variables(document, {"A": "1"})
    assert len(document.problems) == 3


def test_variables_of_the_command_line_come_before_the_environment() -> None:
    plan = small(config__duration="${D}")
    assert load(plan, Overrides(env={"D": "9s"}), {"D": "1m"}).plan.config.duration == 9_000_000_000


def test_only_what_is_rendered_is_a_template() -> None:
    document = Document({"actions": {"a": {"url": "/"}}}, "plan")
    assert template_kind(document, ("actions", "a", "url")) == "template"
    assert template_kind(document, ("actions", "a", "body", "x", 0)) == "template"
    assert template_kind(document, ("config", "headers", "X")) == "template"
    assert template_kind(document, ("config", "base_url")) == "template"
    assert template_kind(document, ("users", 0, "behavior", 0, "condition")) == "expression"
    assert template_kind(document, ("actions", "a", "assertions", 0, "body_matches")) == "text"
    assert template_kind(document, ("config", "name")) == "text"


BRACES = st.text("{}%#'\\ ax\n")


@given(BRACES, BRACES)
def test_what_a_variable_brings_in_renders_to_itself(first: str, second: str) -> None:
    environ = {"A": first, "B": second}
    for text, rendered in (
        ("x${A}${B}{{1}}", f"x{first}{second}1"),
        ("{${A}-${B}", f"{{{first}-{second}"),
        ("${A}", first),
    ):
        joined = join_pieces(split_text(text, environ), "template")
        assert compile_template(joined).render_text({}) == rendered


def test_a_template_in_a_variable_is_sent_as_it_is() -> None:
    plan = small(actions__post__body={"n": "${X}"}, secrets={"KEY": {"env": "KEY"}})
    loaded = load(plan, environ={"X": "{{secrets.KEY}}", "KEY": "hidden"})
    assert compile_template(loaded.plan.actions["post"].body["n"]).render({}) == "{{secrets.KEY}}"


def test_inside_an_expression_a_variable_is_a_number_or_in_quotes() -> None:
    environ = {"N": "200", "T": "ok", "EVIL": "secrets.KEY", "QUOTE": "' ~ secrets.KEY ~ '"}
    allowed = "response.status_code == ${N} and response.text == '${T}'"
    joined = join_pieces(split_text(allowed, environ), "expression")
    assert joined == "response.status_code == 200 and response.text == 'ok'"
    for text in ("${EVIL}", "'${QUOTE}'"):
        with pytest.raises(ValueError, match="variable inside"):
            join_pieces(split_text(text, environ), "expression")
        with pytest.raises(ValueError, match="variable inside"):
            join_pieces(split_text(f"{{{{ {text} }}}}", environ), "template")


def test_a_condition_with_a_number_from_a_variable_is_loaded() -> None:
    plan = small(users__0__behavior=[{"action": "look", "condition": "{{ vu.slot < ${N} }}"}])
    assert load(plan, environ={"N": "3"}).plan.users[0].behavior[0].condition == "{{ vu.slot < 3 }}"


def test_secrets_that_cannot_be_masked_or_read_are_mistakes(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xfc")
    document = read_document(
        "secrets: {A: {env: A}, B: {env: B}, C: {file: none}, D: {file: latin}, E: 5, F: {env: F}}\n", "p"
    )

    values = read_secrets(document, {"A": "abc", "F": "abcd"}, lambda path, file: tmp_path / file)
    assert values == {"F": "abcd"}
    assert [str(problem).split(": ", 1)[1] for problem in document.problems] == [
        "secrets.A: a secret has at least 4 characters, else it cannot be masked",
        "secrets.B.env: the variable that is named here is not set (export B=…, or pass -e B=…)",
        "secrets.C.file: cannot read the file that is named here: No such file or directory",
        "secrets.D.file: cannot read the file that is named here: it is not UTF-8 text",
    ]
