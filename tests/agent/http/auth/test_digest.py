"""Answers to Digest challenges are those of RFC 7616's own examples, and of servers that ask otherwise."""

import hashlib
import re

import pytest

from gradual_agent.http.auth.challenges import read_challenges
from gradual_agent.http.auth.digest import DigestSession, read_digest
from gradual_agent.http.auth.logins import DigestLogin

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
MUFASA = DigestLogin("Mufasa", "Circle of Life")


def parts(answer: str) -> dict[str, str]:
    assert answer.startswith("Digest ")
    found = re.findall(r'([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^,]*))', answer)
    return {name: quoted or plain for name, quoted, plain in found}


def session(field: str, login: DigestLogin = MUFASA, cnonce: str = CNONCE) -> DigestSession:
    challenge = read_digest([field])
    assert challenge is not None
    return DigestSession(login, challenge, cnonce)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_the_rfc(algorithm: str, response: str) -> None:
    """RFC 7616, 3.9.1."""
    opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
    field = f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
    field += f'nonce="{NONCE}", opaque="{opaque}"'
    assert parts(session(field).answer("GET", "/dir/index.html")) == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": NONCE,
        "nc": "00000001",
        "cnonce": CNONCE,
        "qop": "auth",
        "response": response,
        "opaque": opaque,
    }


def test_the_hashed_user_name_of_the_rfc() -> None:
    """RFC 7616, 3.9.2: SHA-512-256 is there if OpenSSL has it."""
    if "sha512_256" not in hashlib.algorithms_available:
        pytest.skip("this OpenSSL has no SHA-512/256")
    field = 'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
    field += 'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",'
    field += ' opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true'
    login = DigestLogin("J\u00e4s\u00f8n Doe", "Secret, or not?")
    answer = parts(session(field, login, "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm").answer("GET", "/doe.json"))
    hashed = hashlib.new("sha512_256", f"{login.username}:api@example.org".encode()).hexdigest()
    assert (answer["username"], answer["userhash"]) == (hashed, "true")


def test_without_qop_there_is_no_count() -> None:
    """RFC 2069's form, with the values of RFC 7616's example: KD(H(A1), nonce:H(A2))."""
    answer = parts(session(f'Digest realm="r", nonce="{NONCE}"').answer("POST", "/a?b"))

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    assert answer["response"] == md5(f"{md5('Mufasa:r:Circle of Life')}:{NONCE}:{md5('POST:/a?b')}")
    assert not {"nc", "qop", "cnonce", "algorithm", "opaque"} & answer.keys()


def test_a_session_has_a_secret_of_its_own_and_counts() -> None:
    made = session('Digest realm="r", nonce="n", qop=auth, algorithm=SHA-256-sess')

    def sha(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    secret = sha(f"{sha('Mufasa:r:Circle of Life')}:n:{CNONCE}")
    for count in ("00000001", "00000002"):
        answer = parts(made.answer("GET", "/"))
        assert answer["nc"] == count
        assert answer["response"] == sha(f"{secret}:n:{count}:{CNONCE}:auth:{sha('GET:/')}")


def test_what_is_quoted_is_escaped_and_what_is_not_ascii_is_encoded() -> None:
    field = r'Digest realm="a \"b\" \\", nonce="n"'
    assert r'realm="a \"b\" \\"' in session(field).answer("GET", "/")
    assert r'username="a\"b"' in session(field, DigestLogin('a"b', "x")).answer("GET", "/")
    assert "username*=UTF-8''J%C3%A4s" in session(field, DigestLogin("Jäs", "x")).answer("GET", "/")
    assert "username*=UTF-8''a%0D%0Ab%00" in session(field, DigestLogin("a\r\nb\0", "x")).answer("GET", "/")


def test_several_challenges_in_one_field_or_in_several() -> None:
    one = ['Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple", Negotiate']
    assert read_challenges(one) == [
        ("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
        ("basic", {"realm": "simple"}),
        ("negotiate", {}),
    ]
    assert read_challenges(["Negotiate YII/+a==, Digest nonce=n, NTLM abc,Basic realm=r, Other d=="]) == [
        ("negotiate", {}),
        ("digest", {"nonce": "n"}),
        ("ntlm", {}),
        ("basic", {"realm": "r"}),
        ("other", {}),
    ]
    found = read_digest(['Basic realm="x"', 'Digest realm="r", nonce="n", algorithm=SHA-256, stale=TRUE'])
    assert found is not None
    assert (found.algorithm, found.is_stale, found.has_qop) == ("SHA-256", True, False)


def test_the_first_challenge_that_can_be_answered_is_the_servers_wish() -> None:
    fields = ['Digest realm="r", nonce="n", algorithm=WHIRLPOOL', 'Digest realm="r", nonce="n", qop="auth-int"']
    fields += ['Digest realm="r"', 'Digest realm="r", nonce="a", algorithm=SHA-256', 'Digest realm="r", nonce="b"']
    found = read_digest(fields)
    assert found is not None
    assert found.nonce == "a"
    assert read_digest(fields[:3]) is None
    assert read_digest(["Digest", "Digest =", "", ',,"']) is None
