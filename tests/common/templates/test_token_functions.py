"""`jwt`: tokens that a library for verifying them accepts, and keys that do not fit."""

import subprocess
import sys
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from made_keys import ec_key, pem, public_pem, rsa_key

from gradual_common.errors import TemplateError
from gradual_common.templates.templates import compile_template
from gradual_common.templates.tokens import ALGORITHMS, open_signing_key

SHARED = "a secret of at least 64 bytes, so that no library complains about it at all"


def keys_of(algorithm: str) -> tuple[str, str]:
    """What signs, and what verifies."""
    if algorithm.startswith("HS"):
        return SHARED, SHARED
    key = ec_key() if algorithm.startswith("ES") else rsa_key()
    return pem(key), public_pem(key)


def render(text: str, **scope: Any) -> Any:
    return compile_template(text).render(scope)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_is_verified_by_a_library(algorithm: str) -> None:
    private, public = keys_of(algorithm)
    text = "{{ jwt({'sub': name, 'admin': true, 'n': 7, 'roles': ['a']}, key, algorithm, {'kid': 'k-1'}) }}"
    token = render(text, name="Ann Müller <x>", key=private, algorithm=algorithm)
    claims = jwt.decode(token, public, algorithms=[algorithm])
    assert claims == {"sub": "Ann Müller <x>", "admin": True, "n": 7, "roles": ["a"]}
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT", "kid": "k-1"}


def test_hs256_is_the_default_and_the_function_is_a_filter() -> None:
    token = render("{{ {'sub': 'a'} | jwt(key) }}", key=SHARED)
    assert jwt.decode(token, SHARED, algorithms=["HS256"]) == {"sub": "a"}
    assert jwt.get_unverified_header(token)["alg"] == "HS256"


def test_the_signature_is_an_hmac_of_the_two_parts_before_it() -> None:
    """RFC 7515, section 5.1; the key is that of its appendix A.1, which is bytes and no text."""
    key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
    token = render("{{ jwt({'iss': 'joe'}, key | base64_decode('bytes')) }}", key=key)
    signed, _, signature = token.rpartition(".")
    assert signature == render(
        "{{ signed | hmac(key | base64_decode('bytes'), encoding='base64url') }}", key=key, signed=signed
    )


def test_a_header_cannot_name_another_algorithm_than_the_one_that_signs() -> None:
    token = render("{{ jwt({}, key, headers={'alg': 'none', 'typ': 'at+jwt'}) }}", key=SHARED)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "at+jwt"}


def test_a_short_secret_signs_without_a_warning() -> None:
    """The system under test decides which secrets it takes."""
    assert render("{{ jwt({'a': 1}, 'abcd') }}").count(".") == 2


def test_a_key_is_read_once() -> None:
    open_signing_key.cache_clear()
    for number in range(3):
        render("{{ jwt({'n': n}, key, 'RS256') }}", n=number, key=pem(rsa_key()))
    assert open_signing_key.cache_info().misses == 1


@pytest.mark.parametrize(
    ("key", "algorithm", "message"),
    [
        ("hunter2hunter2", "RS256", "RS256 signs with an RSA key, a private one in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "PS256", "PS256 signs with an RSA key"),
        ("hunter2hunter2", "ES256", "ES256 signs with an EC key on P-256"),
        (pem(ec_key()), "RS256", "RS256 signs with an RSA key"),
        (pem(rsa_key()), "ES256", "ES256 signs with an EC key"),
        (public_pem(rsa_key()), "RS256", "RS256 signs with a private key, and this one is public"),
        (public_pem(ec_key()), "ES256", "ES256 signs with a private key, and this one is public"),
        (pem(rsa_key(), BestAvailableEncryption(b"hunter2")), "RS256", "encrypted; decrypt it: openssl pkey -in KEY"),
        (pem(rsa_key()), "HS256", "HS256 signs with a shared secret"),
        ("", "HS256", "HS256 signs with a shared secret"),
    ],
)
def test_a_key_that_does_not_fit_is_told_without_showing_it(key: str, algorithm: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render("{{ jwt({'sub': 'a'}, key, algorithm) }}", key=key, algorithm=algorithm)
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert not any(line in str(caught.value) for line in key.splitlines() if len(line) > 8)


@pytest.mark.parametrize(
    ("text", "scope", "message"),
    [
        ("{{ jwt(claims, 'abcd') }}", {"claims": "sub=a"}, "jwt: the claims are a mapping"),
        ("{{ jwt(claims, 'abcd') }}", {"claims": None}, "jwt: the claims are a mapping"),
        ("{{ jwt({'sub': 'a'}, key) }}", {"key": None}, "this key is empty"),
        ("{{ jwt({}, 'abcd', headers=more) }}", {"more": ["kid"]}, "jwt: the headers are a mapping"),
        ("{{ jwt({}, 'abcd', name) }}", {"name": "none"}, "jwt: 'none' is not an algorithm"),
        ("{{ jwt({}, 'abcd', name) }}", {"name": ["HS256"]}, "is not an algorithm"),
        ("{{ jwt({'a': nothing}, 'abcd') }}", {}, "'nothing' is undefined"),
    ],
)
def test_arguments_that_make_no_token_are_a_failure(text: str, scope: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text, **scope)
    assert message in str(caught.value)


def test_templates_without_a_token_import_no_library_for_it() -> None:
    code = """
import sys
from gradual_common.templates.templates import compile_template
compile_template("{{ jwt(claims, secrets.KEY, 'RS256') }}")
assert compile_template("{{ x | hmac('k') }}").render({"x": 1})
assert not {"jwt", "cryptography"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
