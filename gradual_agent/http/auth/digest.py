"""The scheme Digest (RFC 7616), as a user that answers a server's challenge: hashes only, no I/O.

One client nonce is used with all requests of a server's nonce, so that A1 of the `-sess` algorithms is the same for all
of them, as RFC 7616, 3.4.2 has it, and also where a server computes it anew for each request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from hashlib import new
from typing import Final
from urllib.parse import quote

from gradual_agent.http.auth.challenges import read_challenges
from gradual_agent.http.auth.logins import DigestLogin
from gradual_common.net.urls import encode_text

# They prove nothing about the message to us: the server chooses the algorithm.
_ALGORITHMS: Final = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
SESSION = "-sess"
QOP = "auth"


class DigestChallenge:
    """What a server asks for, if it can be answered."""

    __slots__ = ("algorithm", "has_qop", "hash", "is_session", "is_stale", "nonce", "opaque", "realm", "wants_hash")

    def __init__(self, parameters: dict[str, str]) -> None:
        """KeyError or ValueError for one that cannot be answered: an unknown algorithm, only `auth-int`, no nonce."""
        self.realm, self.nonce = parameters["realm"], parameters["nonce"]
        self.opaque = parameters.get("opaque")
        self.algorithm = parameters.get("algorithm")
        name = (self.algorithm or "MD5").lower()
        self.is_session = name.endswith(SESSION)
        self.hash = partial(_hash, _ALGORITHMS[name.removesuffix(SESSION)])
        self.hash("")
        offered = [option.strip().lower() for option in parameters.get("qop", "").split(",") if option.strip()]
        self.has_qop = bool(offered)
        if offered and QOP not in offered:
            raise ValueError("the challenge asks for another quality of protection")
        self.is_stale = parameters.get("stale", "").lower() == "true"
        self.wants_hash = parameters.get("userhash", "").lower() == "true"


def _hash(algorithm: str, text: str) -> str:
    return new(algorithm, encode_text(text), usedforsecurity=False).hexdigest()


def read_digest(fields: Iterable[str]) -> DigestChallenge | None:
    """The first challenge that can be answered (RFC 7616, 3.7: the server's order is its preference)."""
    for scheme, parameters in read_challenges(fields):
        if scheme == "digest":
            try:
                return DigestChallenge(parameters)
            except (KeyError, ValueError):
                continue
    return None


class DigestSession:
    """One user's answers to one challenge; it counts the requests that used its nonce."""

    __slots__ = ("_challenge", "_cnonce", "_count", "_login", "_secret")

    def __init__(self, login: DigestLogin, challenge: DigestChallenge, cnonce: str) -> None:
        """`cnonce`: the client's nonce, which nobody can guess."""
        self._login = login
        self._challenge = challenge
        self._cnonce = cnonce
        self._count = 0
        secret = challenge.hash(f"{login.username}:{challenge.realm}:{login.password}")
        self._secret = challenge.hash(f"{secret}:{challenge.nonce}:{cnonce}") if challenge.is_session else secret
        """H(A1)."""

    def answer(self, method: str, target: str) -> str:
        """The value of the Authorization field of the next request (RFC 7616, 3.4)."""
        challenge, digest = self._challenge, self._challenge.hash
        self._count += 1
        count = f"{self._count:08x}"
        between = f"{challenge.nonce}:{count}:{self._cnonce}:{QOP}" if challenge.has_qop else challenge.nonce
        response = digest(f"{self._secret}:{between}:{digest(f'{method}:{target}')}")
        fields = [
            *_username(self._login.username, challenge, digest),
            f"realm={_quoted(challenge.realm)}",
            f"nonce={_quoted(challenge.nonce)}",
            f"uri={_quoted(target)}",
            f'response="{response}"',
        ]
        if challenge.algorithm is not None:
            fields.append(f"algorithm={challenge.algorithm}")
        if challenge.has_qop or challenge.is_session:
            fields.append(f'cnonce="{self._cnonce}"')
        if challenge.has_qop:
            fields.append(f"qop={QOP}, nc={count}")
        if challenge.opaque is not None:
            fields.append(f"opaque={_quoted(challenge.opaque)}")
        return "Digest " + ", ".join(fields)


def _username(name: str, challenge: DigestChallenge, digest: Callable[[str], str]) -> list[str]:
    """The user name: hashed if the server wants that, else as it is, or encoded where a field cannot hold it (3.4)."""
    if challenge.wants_hash:
        return [f'username="{digest(f"{name}:{challenge.realm}")}"', "userhash=true"]
    if name.isascii() and name.isprintable():
        return [f"username={_quoted(name)}"]
    return [f"username*=UTF-8''{quote(name, safe='')}"]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
