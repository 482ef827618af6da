"""A message shows little of what it found, and no credential."""

import pytest

from gradual_common.errors import Problem
from gradual_common.secrecy.quoting import brief, quoted, shorten, visible

LONG = "x" * 100


def test_forty_characters_are_shown() -> None:
    assert shorten("x" * 40) == "x" * 40
    assert shorten(LONG) == "x" * 39 + "…"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("no account\n\tof 'é' 日本\u00a0€", "no account\n\tof 'é' 日本\u00a0€"),
        ("a\x1b[31mred\x07\r", "a\\x1b[31mred\\x07\\r"),
        ("\u202eabc\ufeff", "\\u202eabc\\ufeff"),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_what_moves_a_terminals_cursor_is_shown_as_its_escape(said: str, shown: str) -> None:
    assert visible(said) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "'a'"),
        (LONG, f"'{'x' * 39}…'"),
        (10**100, "1" + "0" * 38 + "…"),
        ("https://me:hunter2@host", "'https://***@host'"),
        ("token=abcd&n=1", "'token=***&n=1'"),
    ],
)
def test_a_value_is_shown_as_python_writes_it(value: object, text: str) -> None:
    assert quoted(value) == text


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (f"{LONG!r} is not a duration", f"'{'x' * 39}…' is not a duration"),
        ("it's long, and 'it' isn't", "it's long, and 'it' isn't"),
        (f"a header's value is text; found {LONG!r}", f"a header's value is text; found '{'x' * 39}…'"),
        ('\'{"password": "hunter2"}\' is no URL', '\'{"password": "***"}\' is no URL'),
        ("cannot reach https://me:hunter2@host/x", "cannot reach https://***@host/x"),
        ("'/{{secrets.KEY}}': secrets has no 'KEY'", "'/{{secrets.KEY}}': secrets has no 'KEY'"),
        ("the file /a/" + LONG, "the file /a/" + LONG),
    ],
)
def test_of_a_message_only_what_it_found_is_cut(message: str, text: str) -> None:
    assert brief(message) == text


def test_a_mistake_is_brief_whoever_tells_it() -> None:
    assert Problem(f"{LONG!r} is wrong").message == f"'{'x' * 39}…' is wrong"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("--master: 'bob:hunter2@h:1' is not an address", "--master: '***@h:1' is not an address"),
        ("-o prometheus=bob:hunter2@x: no port", "-o prometheus=***@x: no port"),
        ("htp:/bob:hunter2@h: no such file", "htp:/***@h: no such file"),
        ("bob:hun@ter2@[::1] it was", "***@[::1] it was"),
        ("plan.yaml:10: config.name: a@b is one", "plan.yaml:10: config.name: a@b is one"),
        ("write HOST:PORT (or @file)", "write HOST:PORT (or @file)"),
    ],
)
def test_an_address_without_a_scheme_keeps_its_user_and_password_too(message: str, said: str) -> None:
    assert brief(message) == said
