"""What a template itself says to a function that signs is checked when it is compiled."""

import pytest

from gradual_common.errors import TemplateError
from gradual_common.templates.templates import Condition, compile_template
from gradual_common.templates.trees import jwt_secrets, literal_keys, sequences_of


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ x | hmac(k, 'sha265') }}", "hmac: 'sha265' is not a hash algorithm"),
        ("a {{ hmac(x, k, encoding='b64') }}", "hmac: the encoding is hex, base64, base64url, bytes; not 'b64'"),
        ("{{ x | hmac('') }}", "hmac: the key is empty"),
        ("{{ x | sha512('b64') }}", "sha512: the encoding is"),
        ("{{ hmac(x) }}", "hmac: missing a required argument: 'key'; it takes value, key, algorithm, encoding"),
        ("{{ x | md5('hex', 1) }}", "md5: too many positional arguments; it takes value, encoding"),
        ("{{ x | hmac(k, alg='sha1') }}", "hmac: got an unexpected keyword argument 'alg'"),
        ("{{ jwt(x, k, 'HS265') }}", "did you mean 'HS256'?"),
        ("{{ jwt('sub', k) }}", "jwt: the claims are a mapping"),
        ("{{ [x] | jwt(k) }}", "jwt: the claims are a mapping"),
        ("{{ jwt(x, k, headers='kid') }}", "jwt: the headers are a mapping"),
        ("{{ jwt(x, 'text', 'RS256') }}", "jwt: RS256 signs with an RSA key"),
        ("{{ sequence(row.kind) }}", "the name of a sequence is written as a text, as in sequence('invoice')"),
        ("{{ sequence('a' ~ x) }}", "the name of a sequence is written as a text"),
        ("{{ sequence() }}", "the name of a sequence is written as a text"),
        ("{{ sequence('') }}", "the name of a sequence is written as a text"),
        ("{{ sequence(7) }}", "the name of a sequence is written as a text"),
        ("{{ sequence(name='a') }}", "the name of a sequence is written as a text"),
        ("{{ sequence('a', 2) }}", "the name of a sequence is written as a text"),
        ("{{ sequence(*names) }}", "the name of a sequence is written as a text"),
        ("{% set s = sequence %}{{ s('a') }}", "the name of a sequence is written as a text"),
        ("{{ sequence('a') }}{{ 'b' | format(sequence(x)) }}", "the name of a sequence is written as a text"),
        ("{% if x %}{{ jwt(x, '', 'HS256') }}{% endif %}", "jwt: HS256 signs with a shared secret"),
    ],
)
def test_a_mistake_is_found_before_anything_is_rendered(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(text)
    assert message in str(caught.value)


def test_a_condition_is_checked_as_well() -> None:
    with pytest.raises(TemplateError, match="sha265"):
        Condition("hmac(x, k, 'sha265') == response.text")


@pytest.mark.parametrize(
    "text",
    [
        "{{ jwt(claims, key, algorithm, more) }}",
        "{{ jwt({'sub': x}, key) }}",
        "{{ hmac(*arguments) }}",
        "{{ jwt(x, **named) }}",
        "{{ x | hmac('a' * n, 'sha' ~ n) }}",
        "{{ other.jwt(1) }}",
        "{{ hmac(x, 1 / 0) }}",
    ],
)
def test_what_is_known_only_later_is_no_mistake(text: str) -> None:
    compile_template(text)


def test_the_keys_that_a_text_says_itself_are_found() -> None:
    assert literal_keys("{{ x | hmac('one') }} {{ jwt(x, key='two') }} {{ hmac(x, secrets.K) }} {{ hmac(x, 7) }}") == [
        "one",
        "two",
    ]
    assert literal_keys("{{ hmac(x, 'one', 'sha265') }}") == ["one"]
    assert literal_keys("{{ hmac('a' }}") == literal_keys("{{ hmac() }}") == []


def test_the_secrets_that_sign_tokens_are_found_with_their_algorithms() -> None:
    text = "{{ jwt(x, secrets.A) }} {{ x | jwt(secrets['B'], 'RS256') }} {{ jwt(x, secrets.C, y) }} {{ jwt(x, z.D) }}"
    assert sorted(jwt_secrets(text)) == [("A", "HS256"), ("B", "RS256")]
    assert jwt_secrets("{{ x | hmac(secrets.A) }}") == []


def test_the_sequences_of_a_text_are_found_however_they_are_written() -> None:
    assert sequences_of("{{ sequence ('a') }}{{ 'R-%d' | format(sequence(\"b's\")) }}{{ row.sequence }}") == [
        "a",
        "b's",
    ]
    assert sequences_of("sequence('a') > 7") == ["a"], "a condition has no braces"
    assert sequences_of("the sequence: {{") == sequences_of("a text") == []
