"""Certificates are accepted by OpenSSL, Python's strict checks and gRPC for their purpose, and for no other."""

import ssl
import subprocess
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gradual.certs.issuing import (
    CertifiedKey,
    checked_name,
    hosts_of,
    issue_agent,
    issue_master,
    make_authority,
    make_token,
)
from gradual.errors import CertsRefusedError

NOW = datetime.now(UTC)
AUTHORITY = make_authority(NOW)
OTHER = make_authority(NOW)
MASTER = issue_master(AUTHORITY, ["judge.example", "10.20.0.5", "fd00::5"], NOW)
AGENT = issue_agent(AUTHORITY, "a1", NOW)
STRANGER = issue_agent(OTHER, "a1", NOW)


def verify(tmp_path, cert, purpose, *words):
    """What `openssl verify` says of a certificate."""
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.cert)
    (tmp_path / "cert.pem").write_bytes(cert)
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", "ca.pem", *words, "cert.pem"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else done.stderr


@pytest.mark.parametrize(
    ("issued", "purpose", "answer"),
    [
        (MASTER, "sslserver", "cert.pem: OK"),
        (MASTER, "sslclient", "cert.pem: OK"),
        (AGENT, "sslclient", "cert.pem: OK"),
        (AGENT, "sslserver", "unsuitable certificate purpose"),
        (AUTHORITY, "any", "cert.pem: OK"),
        (STRANGER, "sslclient", "unable to get local issuer certificate"),
    ],
)
def test_openssl_accepts_a_certificate_for_its_purpose_only(tmp_path, issued, purpose, answer):
    assert answer in verify(tmp_path, issued.cert, purpose)


@pytest.mark.parametrize(
    ("words", "accepted"),
    [
        (["-verify_hostname", "judge.example"], True),
        (["-verify_hostname", "localhost"], True),
        (["-verify_ip", "10.20.0.5"], True),
        (["-verify_ip", "fd00::5"], True),
        (["-verify_ip", "::1"], True),
        (["-verify_hostname", "other.example"], False),
        (["-verify_ip", "10.20.0.6"], False),
    ],
)
def test_the_masters_certificate_is_for_its_names_only(tmp_path, words, accepted):
    assert ("cert.pem: OK" in verify(tmp_path, MASTER.cert, "sslserver", *words)) is accepted


@pytest.mark.parametrize(
    ("days", "answer"),
    [(-1, "OK"), (-1.1, "not yet valid"), (1, "OK"), (364.9, "OK"), (365.1, "expired")],
    ids=["a day behind", "more than a day behind", "a day ahead", "its last day", "after it"],
)
def test_it_is_valid_on_a_host_whose_clock_is_a_day_behind(tmp_path, days, answer):
    there = int((NOW + timedelta(days=days)).timestamp())
    assert answer in verify(tmp_path, AGENT.cert, "sslclient", "-attime", str(there))


def strict(purpose, trusted, issued, tmp_path):
    """A context that checks both sides with all of OpenSSL's rules."""
    context = ssl.create_default_context(purpose, cadata=trusted.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.verify_mode = ssl.CERT_REQUIRED
    path = tmp_path / f"{purpose.shortname}.pem"
    path.write_bytes(issued.cert + issued.key)
    context.load_cert_chain(path)
    return context


def handshake(tmp_path, server, client, name="judge.example"):
    """Carry out a handshake in memory; the certificate that the server saw."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = strict(ssl.Purpose.SERVER_AUTH, AUTHORITY.cert, client, tmp_path)
    theirs = strict(ssl.Purpose.CLIENT_AUTH, AUTHORITY.cert, server, tmp_path)
    sides = [
        ours.wrap_bio(to_client, to_server, server_hostname=name),
        theirs.wrap_bio(to_server, to_client, server_side=True),
    ]
    waiting = list(sides)
    for _ in range(6):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                pass
    assert waiting == []
    return sides[1].getpeercert()


@pytest.mark.parametrize("name", ["judge.example", "10.20.0.5", "fd00::5", "localhost"])
def test_python_completes_a_strict_mutual_handshake(tmp_path, name):
    assert handshake(tmp_path, MASTER, AGENT, name)["subject"] == ((("commonName", "a1"),),)
    assert handshake(tmp_path, MASTER, MASTER, name)["subject"] == ((("commonName", "gradual-master"),),)


@pytest.mark.parametrize(
    ("server", "client", "why"),
    [
        (AGENT, AGENT, "an agent that pretends to be the master"),
        (MASTER, STRANGER, "an agent of another authority"),
        (issue_master(OTHER, ["judge.example"], NOW), AGENT, "a master of another authority"),
    ],
)
def test_python_refuses_the_certificates_of_others(tmp_path, server, client, why):
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path, server, client)


async def call(server_identity, agent_identity, host="localhost"):
    """One call to a real gRPC server with mutual TLS."""
    server = grpc.aio.server()
    echo = grpc.unary_unary_rpc_method_handler(echo_call)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", {"Echo": echo}),))
    pairs = [(server_identity.key, server_identity.cert)]
    credentials = grpc.ssl_server_credentials(pairs, AUTHORITY.cert, require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    key, cert = (agent_identity.key, agent_identity.cert) if agent_identity else (None, None)
    own = grpc.ssl_channel_credentials(AUTHORITY.cert, key, cert)
    options = [("grpc.ssl_target_name_override", host)]
    try:
        async with grpc.aio.secure_channel(f"127.0.0.1:{port}", own, options) as channel:
            return await channel.unary_unary("/test.Echo/Echo")(b"hello", timeout=20)
    finally:
        await server.stop(None)


async def echo_call(request, context):
    return request + b" " + context.auth_context()["x509_common_name"][0]


@pytest.mark.parametrize("host", ["localhost", "judge.example", "10.20.0.5", "127.0.0.1", "fd00::5"])
async def test_grpc_accepts_an_agent_of_the_authority(host):
    assert await call(MASTER, AGENT, host) == b"hello a1"


async def test_grpc_accepts_a_health_check_with_the_masters_own_certificate():
    assert await call(MASTER, MASTER) == b"hello gradual-master"


@pytest.mark.parametrize(
    ("server", "client", "host", "why"),
    [
        (MASTER, None, "localhost", "no certificate"),
        (MASTER, STRANGER, "localhost", "an agent of another authority"),
        (AGENT, AGENT, "localhost", "an agent that pretends to be the master"),
        (MASTER, AGENT, "other.example", "another host's name"),
        (MASTER, issue_agent(AUTHORITY, "old", NOW, days=-1), "localhost", "expired"),
    ],
    ids=["none", "stranger", "pretender", "name", "expired"],
)
async def test_grpc_refuses_everyone_else(server, client, host, why):
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call(server, client, host)
    assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE, why


def test_tokens_differ_and_are_visible_ascii():
    tokens = {make_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}
    assert all(0x21 <= byte <= 0x7E for token in tokens for byte in token)


def test_a_key_is_not_shown_in_a_repr():
    assert b"PRIVATE" in AGENT.key
    assert "PRIVATE" not in repr(AGENT)


def test_a_certificate_ends_with_its_authority_at_the_latest():
    short = make_authority(NOW, days=10)
    end = x509.load_pem_x509_certificate(issue_agent(short, "a1", NOW).cert).not_valid_after_utc
    assert end == x509.load_pem_x509_certificate(short.cert).not_valid_after_utc


def test_an_rsa_authority_of_ones_own_signs_too(tmp_path):
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.pem"]
    made += ["-subj", "/CN=own", "-days", "9", "-addext", "keyUsage=critical,keyCertSign"]
    subprocess.run(made, cwd=tmp_path, capture_output=True, check=True)
    own = CertifiedKey((tmp_path / "c.pem").read_bytes(), (tmp_path / "k.pem").read_bytes())
    (tmp_path / "a.pem").write_bytes(issue_agent(own, "a1", datetime.now(UTC) + timedelta(minutes=1)).cert)
    checked = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "c.pem", "a.pem"]
    assert subprocess.run(checked, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == "a.pem: OK\n"


def pem_of(key, encryption=None):
    return key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, encryption or forms.NoEncryption())


ENCRYPTED = pem_of(ec.generate_private_key(ec.SECP256R1()), forms.BestAvailableEncryption(b"x"))


@pytest.mark.parametrize(
    ("authority", "later", "message"),
    [
        (CertifiedKey(AUTHORITY.cert, OTHER.key), 0, "ca-key.pem is not the key of ca.pem: bring both"),
        (CertifiedKey(b"nonsense", OTHER.key), 0, "ca.pem holds no certificate in PEM"),
        (CertifiedKey(AUTHORITY.cert, b"nonsense"), 0, "ca-key.pem holds no key in PEM"),
        (CertifiedKey(AUTHORITY.cert, ENCRYPTED), 0, "ca-key.pem is encrypted.*openssl pkey"),
        (CertifiedKey(AUTHORITY.cert, pem_of(ed25519.Ed25519PrivateKey.generate())), 0, "must be an ECDSA or RSA key"),
        (MASTER, 0, "ca.pem is not the certificate of an authority"),
        (AUTHORITY, 3651, "ca.pem expired on .*: make a new authority"),
        (AUTHORITY, -2, "ca.pem is valid from .*: set the clock"),
    ],
)
def test_an_authority_that_cannot_sign_is_refused_with_what_to_do(authority, later, message):
    with pytest.raises(CertsRefusedError, match=message):
        issue_agent(authority, "a1", NOW + timedelta(days=later))


@pytest.mark.parametrize("name", ["a1", "eu-west.agent_3", "_x", "A" * 64])
def test_a_name_of_an_agent_can_be_a_files_name(name):
    assert checked_name(name) == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a/b", "slash"),
        ("../ca", "slash"),
        ("", "cannot be used"),
        (".hidden", "cannot be used"),
        ("-rf", "cannot be used"),
        ("a b", "cannot be used"),
        ("a\n", "cannot be used"),
        ("A" * 65, "1 to 64"),
        ("ca", "another file"),
        ("Master", "another file"),
        ("ca-key", "another file"),
    ],
)
def test_other_names_are_refused(name, message):
    with pytest.raises(CertsRefusedError, match=message):
        checked_name(name)


def test_a_certificate_without_names_has_none():
    assert hosts_of(AGENT.cert) == []
    assert hosts_of(MASTER.cert)[:3] == ["judge.example", "10.20.0.5", "fd00::5"]
