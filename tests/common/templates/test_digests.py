"""Hashes and HMAC in every form, also over bytes."""

import hashlib
import hmac as hmac_codec
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest

from gradual_common.errors import TemplateError
from gradual_common.templates.templates import compile_template

DIGEST = hashlib.sha256(b"a?b").digest()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ sha256('a?b') }}", DIGEST.hex()),
        ("{{ 'a?b' | sha256('base64') }}", b64encode(DIGEST).decode()),
        ("{{ 'a?b' | sha256(encoding='base64url') }}", urlsafe_b64encode(DIGEST).decode().rstrip("=")),
        ("{{ sha256('a?b', 'bytes') | hex }}", DIGEST.hex()),
        ("{{ sha256('a?b', 'bytes') | sha256 }}", hashlib.sha256(DIGEST).hexdigest()),
        ("{{ md5('a?b', 'base64') }}", b64encode(hashlib.md5(b"a?b").digest()).decode()),
        # RFC 4231, section 4.2: test case 1, whose key is no text in UTF-8 but bytes.
        (
            "{{ 'Hi There' | hmac('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b' | hex_decode('bytes')) }}",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        # RFC 4231, section 4.4: test case 3; a key and data of bytes that are no text.
        (
            "{{ hex_decode('dd' * 50, 'bytes') | hmac(hex_decode('aa' * 20, 'bytes')) }}",
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        ("{{ 'x' | hmac('gIE' | base64_decode('bytes')) }}", hmac_codec.new(b"\x80\x81", b"x", "sha256").hexdigest()),
        (
            "{{ 'x' | hmac('k', encoding='base64url') }}",
            urlsafe_b64encode(hmac_codec.digest(b"k", b"x", "sha256")).decode().rstrip("="),
        ),
        ("{{ 'b' | hmac('a' | hmac('k', encoding='bytes')) }}", None),
    ],
)
def test_a_digest_comes_in_the_form_that_is_asked_for(text: str, expected: Any) -> None:
    if expected is None:
        expected = hmac_codec.new(hmac_codec.digest(b"k", b"a", "sha256"), b"b", "sha256").hexdigest()
    assert compile_template(text).render({"x": 1}) == expected


@pytest.mark.parametrize(
    ("text", "scope", "message"),
    [
        (
            "{{ 'a' | sha256(form) }}",
            {"form": "b64"},
            "sha256: the encoding is hex, base64, base64url, bytes; not 'b64'",
        ),
        ("{{ 'a' | sha256(form) }}", {"form": ["hex"]}, "not ['hex']"),
        ("{{ hmac('a', 'k', name) }}", {"name": "rot13"}, "hmac: 'rot13' is not a hash algorithm"),
        ("{{ hmac('a', 'k', name) }}", {"name": "shake_128"}, "hmac: 'shake_128' is not a hash algorithm"),
        ("{{ hmac('a', 'k', name) }}", {"name": {}}, "hmac: {} is not a hash algorithm"),
        ("{{ hmac('a', key) }}", {"key": None}, "hmac: the key is empty"),
        ("{{ hmac('a', key | base64_decode('bytes')) }}", {"key": ""}, "hmac: the key is empty"),
        ("{{ hmac('a', key | base64_decode('bytes')) }}", {"key": "geheim!!"}, "base64_decode: this is not Base64"),
        ("{{ key | base64_decode }}", {"key": "gehei"}, "base64_decode: this is not Base64"),
        ("{{ 'YQ' | base64_decode(form) }}", {"form": "hex"}, "base64_decode: the result is text or bytes, not 'hex'"),
        ("{{ '61' | hex_decode(form) }}", {"form": "hex"}, "hex_decode: the result is text or bytes, not 'hex'"),
    ],
)
def test_what_cannot_be_made_is_a_failure_that_says_what_can(text: str, scope: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(text).render(scope)
    assert message in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_canonical_string_is_signed_by_templates() -> None:
    """Method, path, time and the hash of the body, as many APIs of banks and exchanges want it."""
    body = '{"symbol":"ACME"}'
    canonical = "[method, path, time, body | sha256] | join('\n')"
    text = f"{{{{ {canonical} | hmac(key | base64_decode('bytes'), 'sha512', 'base64') }}}}"
    scope = {"method": "POST", "path": "/orders?a=1", "time": 1_793_534_400, "body": body, "key": "gIGCgw=="}
    signed = f"POST\n/orders?a=1\n1793534400\n{hashlib.sha256(body.encode()).hexdigest()}"
    expected = hmac_codec.digest(b"\x80\x81\x82\x83", signed.encode(), "sha512")
    assert compile_template(text).render(scope) == b64encode(expected).decode()
