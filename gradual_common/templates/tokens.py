"""JSON Web Tokens for templates: `jwt(claims, key, algorithm)` (RFC 7519), signed by PyJWT.

PyJWT and cryptography take a tenth of a second to import, so they are imported for the first token. A key is read once:
to read an RSA key takes as long as to sign with it, about 1 ms.

No message names a key, nor what a library says about one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gradual_common.errors import TemplateError
from gradual_common.language.wording import listed, nearest
from gradual_common.templates.digests import FORMS, bytes_of
from gradual_common.templates.json_text import to_json

if TYPE_CHECKING:
    from jwt.algorithms import Algorithm

ALGORITHMS = ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256")
"""RFC 7518, section 3.1. PS256 and ES256 draw random numbers of the process, so their signatures never come again."""

MAX_KEYS = 1024
"""Keys that are kept ready. With more, as when each user has one, some are read again."""

_MAPPINGS = {"claims": "{'sub': user.name}", "headers": "{'kid': 'test'}"}
"""The arguments that are mappings, and an example of each."""


def jwt(claims: Any, key: Any, algorithm: str = "HS256", headers: Any = None) -> str:
    """A JWT with these claims; `headers` are added to its header: `{'kid': '7'}`."""
    check_jwt("jwt", {"claims": claims, "algorithm": algorithm, "headers": headers})
    signer, opened = open_signing_key(algorithm, b"" if key is None else bytes_of(key))
    header = {"alg": algorithm, "typ": "JWT"} | dict(headers or {}) | {"alg": algorithm}
    # The compact serialization (RFC 7515, section 7.1). PyJWT's own `encode` reads the key each time.
    signed = f"{_part(to_json(header).encode())}.{_part(to_json(dict(claims)).encode())}"
    return f"{signed}.{_part(signer.sign(signed.encode(), opened))}"


def _part(data: bytes) -> str:
    return str(FORMS["base64url"](data))


def check_jwt(function: str, known: Mapping[str, Any]) -> None:
    """TemplateError for arguments that `jwt` refuses; `known`: those that the template says itself."""
    for name, example in _MAPPINGS.items():
        value = known.get(name, {})
        if not isinstance(value, Mapping) and (value is not None or name == "claims"):
            raise TemplateError(f"{function}: the {name} are a mapping: {example}")
    algorithm = known.get("algorithm", ALGORITHMS[0])
    if algorithm not in ALGORITHMS:
        hint = nearest(str(algorithm), ALGORITHMS)
        raise TemplateError(
            f"{function}: {algorithm!r} is not an algorithm; {listed(ALGORITHMS)} are; {hint}".rstrip("; ")
        )
    if "key" in known and "algorithm" in known:
        open_signing_key(algorithm, bytes_of(known["key"]))


@lru_cache(maxsize=MAX_KEYS)
def open_signing_key(algorithm: str, key: bytes) -> tuple[Algorithm, Any]:
    """What signs, and the key as it takes it; TemplateError for a key that is none for the algorithm."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - a tenth of a second, rarely needed
    from jwt.algorithms import get_default_algorithms  # noqa: PLC0415 - the same
    from jwt.exceptions import InvalidKeyError  # noqa: PLC0415 - the same

    signer: Algorithm = get_default_algorithms()[algorithm]
    try:
        opened = signer.prepare_key(key)
    except (InvalidKeyError, ValueError, TypeError, UnsupportedAlgorithm):
        raise TemplateError(f"jwt: {_wanted_key(algorithm, key)}") from None
    if not algorithm.startswith("HS") and not hasattr(opened, "sign"):
        raise TemplateError(f"jwt: {algorithm} signs with a private key, and this one is public")
    return signer, opened


def _wanted_key(algorithm: str, key: bytes) -> str:
    """Which key is needed, and what is known of the one that was given."""
    if algorithm.startswith("HS"):
        return f"{algorithm} signs with a shared secret; this key is empty, or it is one for another algorithm"
    if b"ENCRYPTED" in key:
        return f"the key for {algorithm} is encrypted; decrypt it: openssl pkey -in KEY"
    which = "an EC key on P-256" if algorithm == "ES256" else "an RSA key"
    return f"{algorithm} signs with {which}, a private one in PEM, and this key is none"
