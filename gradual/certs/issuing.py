"""A certificate authority, certificates for a master and its agents, and a join token: as bytes, without files.

Keys are ECDSA on P-256, which every TLS library has and which costs little in a handshake. Every certificate is valid
from one day ago, so it works at once on hosts whose clocks differ by up to a day. The extensions are those that strict
checks ask for (RFC 5280, 4.2.1): basic constraints, key usage, and the identifiers of subject and authority.

    authority = make_authority(now)
    master = issue_master(authority, ["judge.example", "10.20.0.5"], now)
    agent = issue_agent(authority, "agent-1", now)
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gradual.certs.hosts import IpAddress, master_hosts
from gradual.errors import CertsRefusedError

DAYS: Final = 365
"""How long a certificate of a master or an agent is valid."""

AUTHORITY_DAYS: Final = 3650
BACKDATED: Final = timedelta(days=1)
"""How far back a certificate begins: the largest difference of clocks that does no harm."""

TOKEN_BYTES: Final = 32
"""256 random bits: nobody guesses them, however often they try."""

NEW_AUTHORITY: Final = "make a new authority in another folder with `gradual certs init`"

_AGENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
"""It becomes the name of a file and the common name of a certificate (at most 64 characters: RFC 5280, A.1)."""

_RESERVED = ("ca", "master", "token")
_SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class CertifiedKey:
    """A certificate and its key, both in PEM. Its `repr` does not show the key."""

    cert: bytes
    key: bytes = field(repr=False)
    """PKCS #8, not encrypted."""


@dataclass(frozen=True, slots=True)
class _Signer:
    """An authority, opened and checked."""

    cert: x509.Certificate
    key: _SigningKey = field(repr=False)


def make_token() -> bytes:
    """A new join token in 43 visible ASCII characters, without a line end."""
    return secrets.token_urlsafe(TOKEN_BYTES).encode("ascii")


def make_authority(now: datetime, days: int = AUTHORITY_DAYS) -> CertifiedKey:
    """A new authority. Its name is its own, so a certificate of another one is told by its issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named(f"Gradual CA {secrets.token_hex(4)}")
    builder = _begin(name, name, key, now, now + timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
    return _certified(builder.sign(key, hashes.SHA256()), key)


def issue_master(authority: CertifiedKey, hosts: Iterable[str], now: datetime, days: int = DAYS) -> CertifiedKey:
    """A certificate for the master at `hosts`, and always at localhost, 127.0.0.1 and ::1.

    It is a server's, and a client's too: a health check on the master's host uses it under mutual TLS.
    CertsRefusedError: a host is neither a name nor an IP address, or the authority cannot be used.
    """
    names = x509.SubjectAlternativeName([_general_name(host) for host in master_hosts(hosts)])
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return _issue(authority, "gradual-master", purposes, names, now=now, days=days)


def issue_agent(authority: CertifiedKey, name: str, now: datetime, days: int = DAYS) -> CertifiedKey:
    """A certificate for an agent, for a client's use only: with it nobody can pretend to be the master.

    CertsRefusedError: the name cannot be one, or the authority cannot be used.
    """
    return _issue(authority, checked_name(name), [ExtendedKeyUsageOID.CLIENT_AUTH], None, now=now, days=days)


def checked_name(name: str) -> str:
    """The name of an agent's certificate; CertsRefusedError if it cannot also be the name of its file."""
    if "/" in name:
        raise CertsRefusedError(f"NAME {name!r} has a slash: give a name, not a path; the folder is DIR")
    if not _AGENT.fullmatch(name):
        raise CertsRefusedError(
            f"NAME {name!r} cannot be used: give 1 to 64 letters, digits, `-`, `_` and `.`, "
            f"the first a letter, a digit or `_`"
        )
    if name.lower() in _RESERVED or name.lower().endswith("-key"):
        raise CertsRefusedError(f"NAME {name!r} is the name of another file in the folder: choose another, such as a1")
    return name


def end_of(cert: bytes) -> datetime:
    """The last instant at which a certificate is valid."""
    return x509.load_pem_x509_certificate(cert).not_valid_after_utc


def hosts_of(cert: bytes) -> list[str]:
    """The names and addresses that a certificate is valid for, none if it has none; ValueError if it is not one."""
    try:
        held = x509.load_pem_x509_certificate(cert).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in held.value]


def open_authority(authority: CertifiedKey, now: datetime) -> _Signer:
    """The authority, ready to sign; CertsRefusedError says why it cannot, and what to do."""
    cert, key = _read_cert(authority.cert), _read_key(authority.key)
    if cert.public_key() != key.public_key():
        raise CertsRefusedError(
            f"ca-key.pem is not the key of ca.pem: bring both from the folder where they were made, or {NEW_AUTHORITY}"
        )
    if not _is_authority(cert):
        raise CertsRefusedError(
            f"ca.pem is not the certificate of an authority: bring the right one, or {NEW_AUTHORITY}"
        )
    if now > cert.not_valid_after_utc:
        ended = cert.not_valid_after_utc.date()
        raise CertsRefusedError(
            f"ca.pem expired on {ended}: {NEW_AUTHORITY}, and new certificates for all hosts; "
            f"if that day is still to come, set this host's clock (it says {now.date()})"
        )
    if now < cert.not_valid_before_utc:
        begins = cert.not_valid_before_utc.date()
        raise CertsRefusedError(
            f"ca.pem is valid from {begins}, and this host's clock says {now.date()}: set the clock"
        )
    return _Signer(cert, key)


def _read_cert(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise CertsRefusedError(
            f"ca.pem holds no certificate in PEM: bring the right file, or {NEW_AUTHORITY}"
        ) from error


def _read_key(pem: bytes) -> _SigningKey:
    try:
        key = serialization.load_pem_private_key(pem, None)
    except TypeError as error:
        raise CertsRefusedError(
            "ca-key.pem is encrypted, and nothing here asks for a passphrase: decrypt it with `openssl pkey -in KEY`"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertsRefusedError(f"ca-key.pem holds no key in PEM: bring the right file, or {NEW_AUTHORITY}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise CertsRefusedError(f"ca-key.pem must be an ECDSA or RSA key: {NEW_AUTHORITY}")
    return key


def _is_authority(cert: x509.Certificate) -> bool:
    try:
        return cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _issue(
    authority: CertifiedKey,
    name: str,
    purposes: Sequence[x509.ObjectIdentifier],
    names: x509.SubjectAlternativeName | None,
    *,
    now: datetime,
    days: int,
) -> CertifiedKey:
    """A certificate that ends with its authority's at the latest: after that nobody accepts it."""
    signer = open_authority(authority, now)
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(now + timedelta(days=days), signer.cert.not_valid_after_utc)
    builder = _begin(_named(name), signer.cert.subject, key, now, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    builder = builder.add_extension(_authority_identifier(signer.cert), critical=False)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return _certified(builder.sign(signer.key, hashes.SHA256()), key)


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    """What all certificates have."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_whole_second(now - BACKDATED))
        .not_valid_after(_whole_second(end))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _authority_identifier(cert: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The identifier that the authority has in its own certificate, else that of its key."""
    try:
        own = cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(cert.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _certified(cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> CertifiedKey:
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return CertifiedKey(cert.public_bytes(pem), private)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str | IpAddress) -> x509.GeneralName:
    return x509.DNSName(host) if isinstance(host, str) else x509.IPAddress(host)


def _whole_second(moment: datetime) -> datetime:
    """Certificates count in whole seconds of UTC."""
    return moment.astimezone(UTC).replace(microsecond=0)
