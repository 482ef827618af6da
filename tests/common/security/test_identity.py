"""Certificates are checked before anything listens or is dialled."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from gradual_common.errors import SecurityError
from gradual_common.security.identity import TlsFlags, TlsIdentity, read_identity

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def write(folder: Path, name: str, blob: trustme.Blob) -> str:
    path = folder / name
    blob.write_to_path(str(path))
    return str(path)


def files(folder: Path, authority: trustme.CA, **options: datetime) -> tuple[str, str, str]:
    leaf = authority.issue_cert("master.example", **options)
    return (
        write(folder, "ca.pem", authority.cert_pem),
        write(folder, "cert.pem", leaf.cert_chain_pems[0]),
        write(folder, "key.pem", leaf.private_key_pem),
    )


def test_what_is_right_is_read_as_pem(tmp_path: Path, authority: trustme.CA) -> None:
    ca, cert, key = files(tmp_path, authority)
    identity = read_identity(TlsFlags(ca, cert, key), NOW)
    assert [text is not None and text.startswith(b"-----BEGIN ") for text in (identity.ca, identity.cert, identity.key)]
    assert b"PRIVATE" not in repr(identity).encode()


def test_no_flags_are_no_identity() -> None:
    assert read_identity(TlsFlags(), NOW) == TlsIdentity()
    assert not TlsFlags().are_given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (TlsFlags(cert="c.pem"), r"--tls-cert c.pem: its key is absent; add --tls-key FILE"),
        (TlsFlags(key="k.pem"), r"--tls-key k.pem: its certificate is absent; add --tls-cert FILE"),
        (TlsFlags(ca="/nowhere/ca.pem"), r"--tls-ca /nowhere/ca.pem: it cannot be read: No such file"),
    ],
)
def test_what_is_absent_is_named(given: TlsFlags, message: str) -> None:
    with pytest.raises(SecurityError, match=message):
        read_identity(given, NOW)


@pytest.mark.parametrize("option", ["ca", "cert", "key"])
def test_a_file_with_something_else_is_named(option: str, tmp_path: Path, authority: trustme.CA) -> None:
    paths = dict(zip(("ca", "cert", "key"), files(tmp_path, authority), strict=True))
    Path(paths[option]).write_text("hello")
    with pytest.raises(SecurityError, match=rf"--tls-{option} {paths[option]}: it holds no"):
        read_identity(TlsFlags(**paths), NOW)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, authority: trustme.CA) -> None:
    ca, cert, _ = files(tmp_path, authority)
    other = write(tmp_path, "other.pem", authority.issue_cert("x.example").private_key_pem)
    with pytest.raises(SecurityError, match=r"--tls-key .*they do not belong together"):
        read_identity(TlsFlags(ca, cert, other), NOW)


def test_an_encrypted_key_is_refused_with_what_to_do(tmp_path: Path, authority: trustme.CA) -> None:
    ca, cert, key = files(tmp_path, authority)
    Path(key).write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n")
    with pytest.raises(SecurityError, match="the key is encrypted; decrypt it: openssl pkey") as raised:
        read_identity(TlsFlags(ca, cert, key), NOW)
    assert "passphrase" not in str(raised.value)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [(-9 * DAY, -DAY, "expired on"), (DAY, 9 * DAY, "is not valid before .*is this machine's clock right")],
)
def test_a_certificate_out_of_its_time_is_refused(
    start: timedelta, end: timedelta, message: str, tmp_path: Path, authority: trustme.CA
) -> None:
    ca, cert, key = files(tmp_path, authority, not_before=NOW + start, not_after=NOW + end)
    with pytest.raises(SecurityError, match=rf"--tls-cert {cert}: the certificate of .*{message}"):
        read_identity(TlsFlags(ca, cert, key), NOW)
