"""Secrets are masked in every form in which they are written."""

import json
import re
import time
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gradual_common.secrecy.credentials import without_credentials
from gradual_common.secrecy.field_names import is_sensitive
from gradual_common.secrecy.masking import Mask

SECRET = 'k"ö y/1'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote_plus(SECRET),
        'k\\"ö y/1',
        'k\\"\\u00f6 y/1',
    ],
)
def test_a_secret_is_masked_as_it_is_in_json_and_in_urls(form: str) -> None:
    assert Mask([SECRET]).hide(f"<{form}>") == "<***>"


def test_a_secret_in_basic_credentials_is_masked_and_other_credentials_stay() -> None:
    hidden = b64encode(f"me:{SECRET}".encode()).decode()
    public = b64encode(b"me:public").decode()
    mask = Mask([SECRET])
    assert mask.hide(f"Authorization: Basic {hidden}") == "Authorization: Basic ***"
    assert mask.hide(f"Authorization: Basic {public}") == f"Authorization: Basic {public}"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert Mask(["abcd", "abcdefgh"]).hide("abcdefgh abcd") == "*** ***"


def test_without_secrets_nothing_changes() -> None:
    assert Mask([]).hide("Basic YWJjZA== and more") == "Basic YWJjZA== and more"


def test_literal_credentials_are_masked_where_something_is_sent() -> None:
    document = {
        "config": {"headers": {"Authorization": "Bearer abc", "X-Api-Key": "k", "Accept": "*/*"}},
        "actions": {
            "login": {
                "url": "/token",
                "body": {"user": "u", "password": "hunter2", "pin": 1234, "nested": [{"secret": "{{ user.s }}"}]},
                "extract": {"token": "$.token"},
            }
        },
    }
    assert without_credentials(document) == {
        "config": {"headers": {"Authorization": "***", "X-Api-Key": "***", "Accept": "*/*"}},
        "actions": {
            "login": {
                "url": "/token",
                "body": {"user": "u", "password": "***", "pin": "***", "nested": [{"secret": "{{ user.s }}"}]},
                "extract": {"token": "$.token"},
            }
        },
    }


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({"url": "https://me:pw@h/?token=a&x=1"}, {"url": "https://***@h/?token=***&x=1"}),
        ({"base_url": "https://me:pw@h"}, {"base_url": "https://***@h"}),
        ({"url": "/p?token={{ user.t }}&x=1"}, {"url": "/p?token={{ user.t }}&x=1"}),
        (
            {"body": '{"user": "{{ user.name }}", "password": "hunter2", "pin": "{{ user.pin }}"}'},
            {"body": '{"user": "{{ user.name }}", "password": "***", "pin": "{{ user.pin }}"}'},
        ),
        ({"body": "password=a&x=1"}, {"body": "password=***&x=1"}),
        ({"query": {"token": ["a", "{{ t }}"], "x": [1]}}, {"query": {"token": ["***", "{{ t }}"], "x": [1]}}),
        ({"body": {"credentials": {"u": "a", "k": [1]}}}, {"body": {"credentials": {"u": "***", "k": ["***"]}}}),
        ({"form": {"password": None, "remember": True}}, {"form": {"password": None, "remember": True}}),
        ({"extract": {"token": {"regex": '"token":"(.+?)"'}}}, {"extract": {"token": {"regex": '"token":"(.+?)"'}}}),
    ],
)
def test_literal_credentials_are_masked_in_every_form_in_which_they_are_sent(document: Any, shown: Any) -> None:
    assert without_credentials({"actions": {"a": document}}) == {"actions": {"a": shown}}


# ── Texts that were sent or received ───────────────────────────────────────────────────────────────────────────────

TELLING = ("password", "userPassword", "access_token", "X-Api-Key", "client_secret", "pin", "cvv2", "IBAN", "Cookie")
HIDDEN = "Zz9#s3cr3t"
"""Stands in every value that is to be hidden, and in nothing else."""

telling = st.sampled_from(TELLING)
value = st.tuples(st.text(max_size=12), st.text(max_size=12)).map(HIDDEN.join)
text = st.text(max_size=20).filter(lambda text: "3cr3t" not in text)
leaf = st.one_of(text, st.integers(), st.floats(allow_nan=False), st.booleans(), st.none())
document = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
)
secretive = st.recursive(
    value, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=4
)


def hide_text(text: str) -> str:
    return Mask([]).hide_text(text)


@given(document, document, telling, secretive, st.booleans(), st.sampled_from([None, 2]))
def test_no_value_of_a_telling_field_survives_in_json_wherever_it_stands(
    before: Any, after: Any, name: str, hidden: Any, is_ascii: bool, indent: int | None
) -> None:
    written = json.dumps(
        [before, {"a": before, name: hidden, "z": [after]}, after], ensure_ascii=is_ascii, indent=indent
    )
    shown = hide_text(written)
    assert "3cr3t" not in shown
    assert json.loads(shown)[1][name] in ("***", [], {}) or not hidden


@given(document, telling, value, st.integers(1, 3))
def test_json_within_json_is_masked_and_the_text_around_it_stays(
    around: Any, name: str, hidden: str, depth: int
) -> None:
    written = {"first": around, name: hidden, "last": 1}
    for _ in range(depth):
        written = {"message": json.dumps(written), "last": 1}
    shown = json.loads(hide_text(json.dumps(written)))
    for _ in range(depth):
        assert shown["last"] == 1
        shown = json.loads(shown["message"])
    assert (shown[name], shown["last"]) == ("***", 1)


@given(document, telling, value, st.data())
def test_json_that_is_cut_off_is_no_less_masked(before: Any, name: str, hidden: str, data: st.DataObject) -> None:
    written = json.dumps([before, {name: f"{HIDDEN}{hidden}"}])
    cut = data.draw(st.integers(written.index(HIDDEN), len(written)))
    assert HIDDEN[:3] not in hide_text(written[:cut])


@given(st.lists(st.tuples(text, text), max_size=3), telling, value, st.lists(st.tuples(text, text), max_size=3))
def test_no_value_of_a_telling_field_survives_in_a_form_and_the_others_stay(
    before: list[tuple[str, str]], name: str, hidden: str, after: list[tuple[str, str]]
) -> None:
    fields = [(f"a{name}", value) for name, value in before]
    others = [(f"z{name}", value) for name, value in after]
    written = urlencode([*fields, (name, hidden), *others])
    shown = parse_qsl(hide_text(written), keep_blank_values=True)
    assert "3cr3t" not in str(shown)
    assert (name, "***") in shown
    kept = [(name, value) for name, value in (*fields, *others) if not is_sensitive(name)]
    assert [field for field in shown if field in kept] == kept


@given(telling, value, st.sampled_from(["https://h/p?{}", "https://h/p?a=b&{}#x", "GET /p?{} HTTP/1.1", '["/p?{}"]']))
def test_no_value_of_a_telling_field_survives_in_a_query(name: str, hidden: str, around: str) -> None:
    before, after = around.split("{}")
    assert "3cr3t" not in (shown := hide_text(around.format(f"{name}={quote_plus(hidden)}")))
    assert shown.startswith(f"{before}{name}=***")
    assert shown.endswith(after.partition("#")[0] if "#" in after else after)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("{'password': 'a b', 'x': 1}", "{'password': '***', 'x': 1}"),
        ('"user[password]"=>"a b", "x"=>1', '"user[password]"=>"***", "x"=>1'),
        ('{"tokens": ["a]", {"b": "}"}], "x": 1}', '{"tokens": "***", "x": 1}'),
        ('{"pin": 1234, "cvv": null, "x": 1}', '{"pin": "***", "cvv": null, "x": 1}'),
        ('{"password":"a', '{"password":"***"'),
        ('{"password":["a', '{"password":"***"'),
        ("https://me:p@w@host/x", "https://***@host/x"),
        ("<Password t='x'>a b</Password>", "<Password t='x'>***</Password>"),
        ("<password><![CDATA[<a>]]></password>", "<password>***</password>"),
        ('<login user="u" password="a b"/>', '<login user="u" password="***"/>'),
        ("user%5Bpassword%5D=a&x=1", "user%5Bpassword%5D=***&x=1"),
        ("/cb#access_token=a", "/cb#access_token=***"),
        ("Authorization: Bearer a\r\nAccept: b", "Authorization: ***\r\nAccept: b"),
        ('{"raw": "Cookie: a=b\\r\\nAccept: c"}', '{"raw": "Cookie: ***\\r\\nAccept: c"}'),
        ("X-Api-Key: a b\nAccept: c", "X-Api-Key: ***\nAccept: c"),
        ('user: u\n  - password: "a b" # c\nx: 1', 'user: u\n  - password: "***" # c\nx: 1'),
        ('{"raw": "A: b\\nX-Api-Key: a"}', '{"raw": "A: b\\nX-Api-Key: ***"}'),
        ('{"pass\\u0077ord": "a"}', '{"pass\\u0077ord": "***"}'),
        ('{"line\\npassword": "a"}', '{"line\\npassword": "***"}'),
        ("token == 'a' or data.password != \"b\"", "token == '***' or data.password != \"***\""),
        ('login(user: "u", password: "a b")', 'login(user: "u", password: "***")'),
        ("{user: u, password: a, x: 1}", "{user: u, password: ***, x: 1}"),
        ('<input type="hidden" name="csrf_token" value="a">', '<input type="hidden" name="csrf_token" value="***">'),
        ('{"name": "password", "value": "a"}', '{"name": "password", "value": "***"}'),
        ('form-data; name="password"\r\n\r\na\r\nb\r\n--x', 'form-data; name="password"\r\n\r\n***\r\n--x'),
        ("https%3A%2F%2Fme%3Apw%40host%2Fx", "https%3A%2F%2F***%40host%2Fx"),
        (r'"https:\/\/me:pw@host\/x"', r'"https:\/\/***@host\/x"'),
        ("https://token@host", "https://***@host"),
        ('{"next": "/p?token=", "password": "a"}', '{"next": "/p?token=", "password": "***"}'),
    ],
)
def test_a_telling_field_is_known_however_it_is_written(written: str, shown: str) -> None:
    assert hide_text(written) == shown


def names_a_secret(text: str) -> bool:
    """Whether any word of the text, or all of it, is the name of a secret field."""
    return any(map(is_sensitive, [text, *re.split(r"[^\w.-]+", text)]))


@given(st.text().filter(lambda text: not names_a_secret(text) and "://" not in text), document)
@example("", {"COOKIE": ""})
def test_a_text_without_telling_fields_is_unchanged(written: str, around: Any) -> None:
    assert hide_text(written) == written
    if not names_a_secret(dumped := json.dumps(around)):
        assert hide_text(dumped) == dumped


@pytest.mark.parametrize(
    "written",
    [
        '{"token_type": "bearer", "error": "the password is wrong"}',
        "http://host:8080/a@b?x=y",
        "at 12:30 by me@host.example, see https://host.example/x:y",
        "Unexpected token: < in JSON at position 0",
        "https://tokens.example/secrets/password",
    ],
)
def test_what_only_looks_like_a_telling_field_is_shown(written: str) -> None:
    assert hide_text(written) == written


@given(st.text(alphabet="\"'\\:=<>[]{}/@&?u0041 token", max_size=60))
def test_every_value_is_read_to_its_end(written: str) -> None:
    assert isinstance(hide_text(written), str)


@pytest.mark.parametrize(
    "piece",
    [
        '\\"',
        '"',
        "\\",
        "a=",
        "://a:",
        "<a ",
        '"token":[',
        "\\u0041",
        "'",
        "x",
        " ",
        "\n",
        "a:",
        "- ",
        "{a: ",
        "a == '",
        'name="a" ',
        "%3A%2F%2Fa",
    ],
)
def test_a_long_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    """A fifth of a second at most; more than half a minute where every begin is read to the end."""
    written = piece * (128_000 // len(piece))
    begun = time.process_time()
    hide_text(written)
    assert time.process_time() - begun < 5


def test_a_declared_secret_is_masked_in_a_text_too() -> None:
    assert Mask(["s3cret"]).hide_text("x=s3cret&token=t and s3cret") == "x=***&token=*** and ***"
