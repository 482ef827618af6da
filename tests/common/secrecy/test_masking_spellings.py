"""A text is found in every way of writing it, and nothing else is."""

import html
import json
import re
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.secrecy.field_names import hide_fields
from gradual_common.secrecy.masking import Mask, encoded, spelled

SPELLINGS = {
    "as it is": lambda text: text,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "percent": lambda text: quote(text, safe=""),
    "percent, slashes kept": quote,
    "a form": quote_plus,
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "lower case percent": lambda text: re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), quote(text, safe="")),
    "HTML": html.escape,
}

secrets = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=20)


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=list(SPELLINGS))
@given(secret=secrets)
def test_a_text_is_found_in_every_spelling(spelling: Callable[[str], str], secret: str) -> None:
    assert re.fullmatch(spelled(secret), spelling(secret))


@given(secrets, st.binary(max_size=5), st.binary(max_size=5), st.sampled_from([b64encode, urlsafe_b64encode]))
def test_base64_is_masked_whole_wherever_the_text_begins_in_it(
    secret: str, before: bytes, after: bytes, encode: Callable[[bytes], bytes]
) -> None:
    written = encode(before + secret.encode() + after).decode()
    assert Mask([secret]).hide(f"<{written}>") == "<***>"
    assert Mask([secret]).hide(f"<{quote(written, safe='')}>") == "<***>"


def test_what_is_too_short_for_base64_is_not_sought_there() -> None:
    assert encoded("ab") == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("test it", "*** it"),
        ("the latest", "the latest"),
        ("a%20test%20", "a%20***%20"),
        (r"a\ntest", r"a\n***"),
        ("test_user", "***_user"),
    ],
)
def test_a_common_word_is_hidden_as_a_word_of_its_own(text: str, shown: str) -> None:
    assert Mask(credentials=["test"]).hide(text) == shown


def test_a_declared_secret_is_hidden_within_words_too() -> None:
    assert Mask(["test"]).hide("latest") == "la***"


def test_a_credential_of_less_than_four_characters_is_not_sought() -> None:
    assert Mask(credentials=["5", "abc"]).hide("5 abc") == "5 abc"


@pytest.mark.parametrize("piece", ["\\", "%", "%25", "QUJD", "hunter", "\\u0068", " ", "&#x0"])
def test_a_long_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    written = piece * (1_000_000 // len(piece))
    begun = time.process_time()
    Mask(["hunter2/ö", '\\"x', "a b c d"]).hide(written)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ('Authorization: Digest username="amy", response="7790", nc=1, opaque="o"\nX: y', "Authorization: ***\nX: y"),
        (
            r'{"a": "Authorization: Digest username=\"amy\", response=\"7790\"", "b": 1}',
            '{"a": "Authorization: ***", "b": 1}',
        ),
    ],
)
def test_an_answer_to_a_challenge_is_hidden_whole(text: str, hidden: str) -> None:
    """The hash of a password lets others try passwords."""
    assert hide_fields(text) == hidden
