"""YAML is read safely, with a line for everything, and every mistake is collected."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.language.document import Mark, Plain
from gradual_common.plan.loader import PlanSource
from gradual_common.plan.reading.syntax_hints import QUOTE_OPERATOR, QUOTE_TEMPLATE, QUOTE_VARIABLE
from gradual_common.plan.reading.yaml import MAX_DEPTH, MAX_VALUES, read_document, read_scalar, read_value


def reported(text: str) -> list[str]:
    return [str(problem) for problem in read_document(text, "p").problems]


def test_values_keep_the_line_of_their_key() -> None:
    document = read_document("config:\n  name: x\nusers:\n  - name: a\n    behavior:\n      - action: b\n", "p")
    assert document.root["users"][0]["behavior"] == [{"action": "b"}]
    assert document.mark(("config", "name")) == Mark("p", 2)
    assert document.mark(("users", 0, "behavior", 0, "action")) == Mark("p", 6)
    assert document.mark(("users", 0, "absent")) == Mark("p", 4)


def test_a_quoted_scalar_is_text_and_an_unquoted_one_is_typed() -> None:
    document = read_document("a: 1\nb: '1'\nc: \"true\"\nd: !!str 2\ne: |\n  3\nf:\n", "p")
    assert document.root == {"a": 1, "b": "1", "c": "true", "d": "2", "e": "3\n", "f": None}


def test_keys_are_always_text() -> None:
    assert read_document("on: 1\n404: 2\ntrue: 3\n", "p").root == {"on": 1, "404": 2, "true": 3}


def test_an_unquoted_scalar_with_a_variable_waits_for_its_type() -> None:
    root = read_document("a: ${N}\nb: '${N}'\n", "p").root
    assert isinstance(root["a"], Plain)
    assert not isinstance(root["b"], Plain)


def test_duplicate_keys_are_mistakes_that_name_both_lines() -> None:
    assert reported("a: 1\nb: 2\na: 3\n") == ["p:3: a: the key 'a' is here twice; it was first on line 1"]


def test_anchors_and_merges_work_and_own_keys_win() -> None:
    document = read_document(
        "x-base: &base {a: 1, b: 2}\nx-more: &more {b: 3, c: 4}\none:\n  b: 9\n  <<: [*base, *more]\ntwo: *base\n", "p"
    )
    assert document.problems == []
    assert document.root == {"one": {"b": 9, "a": 1, "c": 4}, "two": {"a": 1, "b": 2}}
    assert document.mark(("one", "b")).line == 4
    assert document.mark(("one", "a")).line == 1


def test_every_place_of_an_alias_has_values_of_its_own() -> None:
    root = read_document("a: &a {b: 1}\nc: *a\n", "p").root
    root["a"]["b"] = 2
    assert root["c"] == {"b": 1}


def test_a_merge_of_something_else_is_a_mistake() -> None:
    assert reported("a:\n  <<: 5\n") == ["p:2: a: << takes a mapping or a list of mappings, such as *anchor"]


def test_top_level_extensions_are_left_out() -> None:
    assert read_document("x-anything: [1]\nconfig: {x-inner: 1}\n", "p").root == {"config": {"x-inner": 1}}


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!binary", "!!timestamp", "!mine", "!!set"])
def test_tags_that_would_build_objects_are_refused(tag: str) -> None:
    for value in ("x", "[1]", "{a: 1}"):
        (problem,) = reported(f"config:\n  name: {tag} {value}\n")
        assert "p:2: config.name: the tag" in problem


def test_a_document_that_doubles_itself_is_bounded() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (problem,) = reported("\n".join(lines))
    assert f"more than {MAX_VALUES} values" in problem


def test_depth_is_bounded() -> None:
    (problem,) = reported("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    assert f"this is nested too deeply (mappings and lists count, at most {MAX_DEPTH} inside each other" in problem
    assert "nested too deeply" in reported("a: " + "[" * 20_000)[0]


def test_an_alias_inside_itself_is_a_mistake() -> None:
    assert reported("a: &a [1, *a]\n") == ["p:1: a[1]: an alias is inside the value that it refers to"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("url: {{base}}/api\n", QUOTE_TEMPLATE),
        ("a:\n  url: {{base}}\n", QUOTE_TEMPLATE),
        ("a:\n  - {{base}} x\n", QUOTE_TEMPLATE),
        ("a: {% if x %}\n", QUOTE_TEMPLATE),
        ("a:\n  - response_time: > 500ms\n", QUOTE_OPERATOR),
        ("a: >= 5\nb: 1\n", QUOTE_OPERATOR),
        ("a: >500ms\n", QUOTE_OPERATOR),
        ("a: {b: 1, c: ${N}}\n", QUOTE_VARIABLE),
    ],
)
def test_usual_mistakes_are_reported_with_what_to_quote(text: str, hint: str) -> None:
    assert any(hint in problem for problem in reported(text)), reported(text)


def test_a_number_that_json_cannot_carry_is_a_mistake() -> None:
    assert reported("a: .nan\n") == ["p:1: a: .nan is not a number that a plan can hold; quote it if it is text"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p: the plan is empty (write one with `gradual init`)"),
        ("- 1\n", "p:1: this is not a plan: a plan is a mapping with config, users and actions; found a list"),
        ("a: 1\n---\nb: 2\n", "p:3: a plan is one YAML document; a second begins"),
    ],
)
def test_what_is_no_mapping_is_no_plan(text: str, message: str) -> None:
    assert reported(text) == [message]


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    document = read_document(text, "p")
    assert isinstance(document.root, dict)


@pytest.mark.parametrize(
    ("text", "value"), [("10", 10), ("'10'", "10"), ("{a: [1, x]}", {"a": [1, "x"]}), ("", None), ("5m", "5m")]
)
def test_a_value_alone_is_typed_as_in_a_file(text: str, value: object) -> None:
    assert read_value(text, "--set").root == {"": value}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\U0001F600"', "😀"),
        ('"\\x01\\0\\e\\u0085\\L"', "\x01\0\x1b\x85\u2028"),
        ('"a\x85b\u2028c\u2029d"', "a\x85b\u2028c\u2029d"),
        ("'a\x85b'", "a\x85b"),
        ("a\x85b\u2028c", "a\x85b\u2028c"),
        ("|\n  a\u2028b", "a\u2028b\n"),
        ('"a\x7fb\x9f\uffff"', "a\x7fb\x9f\uffff"),
        ('"a\ufeffb"', "a\ufeffb"),
        ('"a\\/b\\tc"', "a/b\tc"),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1e3", 1000.0),
        ("2026-11-01", "2026-11-01"),
        ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z"),
        ("12:30:00", "12:30:00"),
        ("0b101", "0b101"),
        ("1_000", "1_000"),
        ("'.inf'", ".inf"),
    ],
)
def test_what_yaml_and_json_can_write_arrives_as_written(written: str, value: object) -> None:
    document = read_document(f"x: {written}\n", "p")
    assert document.problems == []
    assert document.root == {"x": value}


def test_a_key_arrives_as_written_too() -> None:
    assert read_document('{"\\ud83d\\ude00": 1, "a\u2028b": 2}', "p").root == {"😀": 1, "a\u2028b": 2}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_that_json_writes_is_read(text: str) -> None:
    for is_ascii in (True, False):
        assert read_document(json.dumps({"k": text}, ensure_ascii=is_ascii), "p").root == {"k": text}


def test_a_mark_at_the_begin_and_windows_line_ends_are_no_part_of_the_plan(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_bytes("\ufeffconfig:\r\n  name: a\r\n".encode())
    assert PlanSource.of_path(tmp_path / "p.yaml").read().root == {"config": {"name": "a"}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-12", -12),
        ("+3", 3),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("FALSE", False),
        ("", None),
        ("~", None),
        ("null", None),
        # Text in YAML 1.2 that was something else in 1.1:
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("1_000", "1_000"),
        ("2026-11-01", "2026-11-01"),
        ("12:30", "12:30"),
        # Our own exception: what is written with a leading zero is an identifier.
        ("012345", "012345"),
        ("-007", "-007"),
        ("00.5", "00.5"),
        ("5m", "5m"),
    ],
)
def test_a_scalar_has_its_type(text: str, value: Any) -> None:
    read = read_scalar(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999"])
def test_what_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quote it if it is text"):
        read_scalar(text)


def test_thousands_of_digits_are_text() -> None:
    assert read_scalar("9" * 10_000) == "9" * 10_000
