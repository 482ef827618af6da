"""What templates can call gives what its name says, from the slot's stream and the scope's clock."""

import hashlib
import hmac as hmac_codec
import uuid
from typing import Any

import pytest

from gradual_common.errors import TemplateError
from gradual_common.randomness import RandomStream
from gradual_common.templates.functions import RANDOM, WALL_CLOCK
from gradual_common.templates.templates import compile_template

NOON = 1_793_534_400_123_000_000


def scope() -> dict[str, Any]:
    return {RANDOM: RandomStream(7), WALL_CLOCK: lambda: NOON}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ now() }}", "2026-11-01T12:00:00.123Z"),
        ("{{ now('%Y/%m') }}", "2026/11"),
        ("{{ timestamp() }}", 1_793_534_400),
        ("{{ timestamp_ms() }}", 1_793_534_400_123),
        ("{{ md5('a') }}", hashlib.md5(b"a").hexdigest()),
        ("{{ 'a' | sha1 }}", hashlib.sha1(b"a").hexdigest()),
        ("{{ sha256('ä') }}", hashlib.sha256("ä".encode()).hexdigest()),
        ("{{ sha512('a') }}", hashlib.sha512(b"a").hexdigest()),
        ("{{ hmac('text', 'key') }}", hmac_codec.new(b"key", b"text", "sha256").hexdigest()),
        # RFC 2202, section 3, test case 2.
        ("{{ hmac('what do ya want for nothing?', 'Jefe', 'sha1') }}", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ("{{ 'what do ya want for nothing?' | hmac('Jefe', 'sha1', 'base64') }}", "7/zfauXrL6LSdBbV8YTfnCWafHk="),
        ("{{ base64('a?b') }}", "YT9i"),
        ("{{ base64_decode('YT9iYw') }}", "a?bc"),
        ("{{ base64_decode(' YT9i\r\nYw==\n') }}", "a?bc"),
        ("{{ hex('ab') }}", "6162"),
        ("{{ hex_decode('6162') }}", "ab"),
        ("{{ urlencode('a b/c&d') }}", "a%20b%2Fc%26d"),
        ("{{ {'a': [1, 2]} | urlencode }}", "a=1&a=2"),
        ("{{ urldecode('a%20b+c') }}", "a b c"),
        ("{{ {'a': '<'} | tojson }}", '{"a":"<"}'),
    ],
)
def test_functions_give_what_their_names_say(text: str, expected: Any) -> None:
    assert compile_template(text).render(scope()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ random_int(2, 1) }}",
        "{{ random_choice([]) }}",
        "{{ hmac('a', 'k', 'rot13') }}",
        "{{ hmac('a', 'k', 'md5', 'oct') }}",
    ],
)
def test_a_function_refuses_what_makes_no_sense(text: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(text).render(scope())


def test_a_function_of_the_slot_says_when_there_is_no_slot() -> None:
    with pytest.raises(TemplateError, match="random stream"):
        compile_template("{{ uuid() }}").render({})


def test_random_values_are_the_slots_own_and_come_again_with_its_seed() -> None:
    template = compile_template(
        "{{ uuid() }} {{ random_int(1, 6) }} {{ random_float() }} {{ random_choice('a', 'b') }} {{ random_string(8) }}"
        " {{ ['x', 'y', 'z'] | random }}"
    )
    assert template.render(scope()) == template.render(scope())
    first, number, fraction, letter, word, pick = template.render(scope()).split()
    assert uuid.UUID(first).version == 4
    assert 1 <= int(number) <= 6
    assert 0 < float(fraction) < 1
    assert letter in "ab"
    assert len(word) == 8
    assert pick in "xyz"
