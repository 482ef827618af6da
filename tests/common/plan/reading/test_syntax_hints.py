"""A mistake in the YAML of a plan is reported in the words of its author, and shows no secret."""

import pytest

from gradual_common.plan.reading.syntax_hints import excerpt_at, is_concealed, is_plan_text
from gradual_common.plan.reading.yaml import read_document, read_value

HEAD = "config:\n  duration: 1m\n"

ENTRY_OFF = "this list entry is not on the level of the others: put its - under theirs"
KEY_OFF = "this key is not on the level of the others: put it under the first key of its mapping"
QUESTION = "quote it: inside {…} and […] a text with ? in it needs quotes"
VARIABLE = 'quote it: inside {…} and […] a variable is written "${X}"'
BELOW = "a list begins on the next line, or is written in brackets: [a, b]"
COMMA = "a comma is missing here, or quotes around a text with a colon or a comma in it"


def reported(text: str) -> list[str]:
    return [str(problem) for problem in read_document(text, "p").problems]


@pytest.mark.parametrize(
    ("text", "line", "excerpt", "hint"),
    [
        ("users:\n  - name: a\n - name: b\n", 5, "- name: b", ENTRY_OFF),
        ("users:\n  - name: a\n    behavior:\n    - b\n   - c\n", 7, "- c", ENTRY_OFF),
        ("users:\n  - name: a\n   concurrency: 1\n", 5, "concurrency: 1", KEY_OFF),
        ("users:\n  - name: a\n  concurrency: 1\n", 5, "concurrency: 1", KEY_OFF),
        (" name: a\n", 3, "name: a", KEY_OFF),
        ("    name: a\n", 3, "name: a",
         "this line is indented further than the one above it, which has a value already"),
        ("\tname: a\n", 3, "name: a", "there is a tab here: YAML is indented with spaces"),
        ("  name:\ta\n", 3, "name:\\ta", "there is a tab here: YAML is indented with spaces"),
        ("  base_url: {{base}}/api\n", 3, "base_url: {{base}}/api", 'quote it: a value with {{…}} is written "{{…}}"'),
        ("  x: {url: /{{vu.slot}}}\n", 3, "x: {url: /{{vu.slot}}}", 'quote it: a value with {{…}} is written "{{…}}"'),
        ("  x: {url: /x?a=b}\n", 3, "x: {url: /x?a=b}", QUESTION),
        ("  x: {name: a: b}\n", 3, "x: {name: a: b}", COMMA),
        ("  x: {name: a other: b}\n", 3, "x: {name: a other: b}", COMMA),
        ("  x: [a b: c: d]\n", 3, "x: [a b: c: d]", COMMA),
        ("  x: {n: 1, v: ${N}}\n", 3, "x: {n: 1, v: ${N}}", VARIABLE),
        ("  name: Load: test\n", 3, "name: Load: test", "quote it: a text with a colon and a blank in it needs quotes"),
        ("  ramp_up:additive\n  name: a\n", 3, "ramp_up:additive",
         "a space is missing after the colon on line 3: write `ramp_up: …`"),
        ("  ramp_up:additive\nusers: []\n", 3, "ramp_up:additive",
         "a space is missing after the colon on line 3: write `ramp_up: …`"),
        ("  name a\n  seed: 1\n", 3, "name a", "a colon is missing after the key on line 3"),
        ("  name: 'a\n", 3, "name: \\'a", "the quote on line 3 is never closed"),
        ('  name: "a\nusers: []\n', 3, 'name: "a', "the quote on line 3 is never closed"),
        ("users:\n  - {name: a, concurrency: 1\nactions: {}\n", 4, "- {name: a, concurrency: 1",
         "the { on line 4 is never closed"),
        ("users: [a, b\n", 3, "users: [a, b", "the [ on line 3 is never closed"),
        ("users: []]\n", 3, "users: []]", "this ] closes nothing"),
        ('  name: "a" b\n', 3, 'name: "a" b',
         "there is something after the closing quote: put the quotes around all of it"),
        ('  name: "a\nusers:\n  - name: "b"\n', 3, 'name: "a', "the quote on line 3 is never closed"),
        ("  name: 'a\nusers:\n  - name: 'b'\n", 3, "name: \\'a", "the quote on line 3 is never closed"),
        ('users:\n  -name: "a"\n   concurrency: 1\n', 4, '-name: "a"',
         "a space is missing after the - on line 4: write `- name: …`"),
        ("users:\n  -name: a\n    concurrency: 1\n", 4, "-name: a",
         "a space is missing after the - on line 4: write `- name: …`"),
        ('users: [{"name": "a"}]\nactions: {"a": "1"\n"b": 2}\n', 5, '"b": 2}', COMMA),
        ("  name: @home\n", 3, "name: @home", "quote it: a text cannot begin with @"),
        ("  name: `a`\n", 3, "name: `a`", "quote it: a text cannot begin with `"),
        ("  name: %a\n", 3, "name: %a", "quote it: a text cannot begin with %"),
        ("  name: *a\n", 3, "name: *a",
         "quote it: an unquoted * refers to an anchor, and there is none of this name"),
        ("users: - name: a\n", 3, "users: - name: a", BELOW),
        ('  name: "a\\d"\n', 3, 'name: "a\\\\d"',
         "in \"…\" a backslash begins an escape: write two of them, or use '…'"),
        ("  x: > 500ms\n", 3, "x: > 500ms",
         'quote it: an unquoted > or | begins a block of text in YAML; write "> 500ms"'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_mistake_is_reported_with_its_line_and_what_to_do(
    text: str, line: int, excerpt: str, hint: str, ending: str
) -> None:
    (problem,) = reported((HEAD + text).replace("\n", ending))
    quote = '"' if "'" in excerpt and '"' not in excerpt else "'"
    excerpt = excerpt.replace("\\'", "'")
    assert problem == f"p:{line}: this is not YAML, at {quote}{excerpt}{quote} ({hint})"


def test_other_mistakes_are_described_by_the_parser() -> None:
    assert reported(HEAD + "  x: |a\n") == [
        "p:3: this is not YAML: while scanning a block scalar, expected chomping or indentation indicators, "
        "but found 'a', at 'x: |a'"
    ]


@pytest.mark.parametrize(("character", "number"), [("\0", "00"), ("\x01", "01"), ("\x1b", "1b")])
def test_a_character_that_yaml_does_not_allow_is_reported_with_its_line(character: str, number: str) -> None:
    assert reported(f"{HEAD}  name: a{character}b\n") == [
        f"p:3: this is not YAML: it holds the character U+00{number.upper()} "
        f'(this character is not allowed in a plan; in "…" it is written \\x{number})'
    ]


def test_the_excerpt_is_of_40_characters_around_the_place_and_masked() -> None:
    assert excerpt_at(["x" * 30 + "HERE" + "y" * 50], 0, 32) == "…" + "x" * 18 + "HERE" + "y" * 18 + "…"
    assert excerpt_at(["url: https://me:hunter2@host/" + "x" * 60], 0, 40).startswith("…st") is False
    assert "hunter2" not in excerpt_at(["url: https://me:hunter2@host/" + "x" * 60], 0, 20)


@pytest.mark.parametrize(
    "text",
    [
        "secrets:\n  KEY: hunter2: x\n",
        "secrets: {KEY: hunter2: x}\n",
        "secrets:\n  KEY:\n    env: hunter2: x\n",
        "  headers: {Authorization: hunter2: x}\n",
        "  headers:\n    Authorization: hunter2: x\n",
        "  password: |\n    abc\n   hunter2: x\n",
        "  password:\n    - hunter2: x: y\n",
        "  base_url: https://me:hunter2@host: x\n",
        "  password: *hunter2\n",
    ],
)
def test_no_credential_is_in_an_excerpt(text: str) -> None:
    (problem,) = reported(HEAD + text)
    assert "not YAML" in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize("text", ["user: a: hunter2\n", "a\tb: 'hunter2\n", "-----BEGIN KEY-----\nhunter2: a: b\n"])
def test_of_a_file_that_is_no_plan_nothing_is_shown(text: str) -> None:
    assert not is_plan_text(text)
    (problem,) = reported(text)
    assert "this is not a plan, and not YAML" in problem
    assert "hunter2" not in problem


def test_of_a_value_from_the_command_line_nothing_is_shown() -> None:
    (problem,) = read_value("{a: 'hunter2", "--set").problems
    assert "hunter2" not in str(problem)


def test_below_secrets_ends_with_the_next_section() -> None:
    lines = ["secrets:", "  A: {env: A}", "config:", "  name: a"]
    assert [is_concealed(lines, number) for number in range(4)] == [True, True, False, False]
