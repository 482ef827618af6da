"""The certificates of a fleet, checked before anything listens or is dialled.

Files are read once. What cannot work is refused here, as gRPC says only "Socket closed" later: a file that is absent or
holds something else, a key of another certificate, a certificate that has expired or is not valid yet.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from gradual_common.errors import SecurityError, TlsFileError
from gradual_common.net.certificates import ENCRYPTED, load_identity, open_key, read_certificates, trust

T = TypeVar("T")

RENEW = "renew it: gradual certs"


@dataclass(frozen=True, slots=True)
class TlsFlags:
    """The files that a command line names; None where it names none."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    @property
    def are_given(self) -> bool:
        """Whether any is named."""
        return (self.ca, self.cert, self.key) != (None, None, None)


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """What one side shows, and whom it trusts, as PEM; None for what it has not."""

    ca: bytes | None = None
    """The authorities that sign the certificates of the other side."""
    cert: bytes | None = None
    """The own certificate, and those between it and its authority."""
    key: bytes | None = field(default=None, repr=False)


NO_IDENTITY = TlsIdentity()


def read_identity(flags: TlsFlags, now: datetime) -> TlsIdentity:
    """Read and check the files; SecurityError names the option, the file, what is wrong and what to do."""
    if flags.cert is not None and flags.key is None:
        raise SecurityError(f"--tls-cert {flags.cert}: its key is absent; add --tls-key FILE")
    if flags.key is not None and flags.cert is None:
        raise SecurityError(f"--tls-key {flags.key}: its certificate is absent; add --tls-cert FILE")
    ca = _use("--tls-ca", flags.ca, _read_authorities, now)
    cert = _use("--tls-cert", flags.cert, _read_own, now)
    key = _use("--tls-key", flags.key, _read_key, now)
    if cert is not None:
        try:
            load_identity(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), cert, key)
        except TlsFileError as error:
            raise SecurityError(f"--tls-key {flags.key}: {error.reason} ({flags.cert})") from None
    return TlsIdentity(ca, cert, key)


def _use(option: str, file: str | None, read: Callable[[bytes, datetime], bytes], now: datetime) -> bytes | None:
    """What `read` makes of the file of an option; its errors name both."""
    if file is None:
        return None
    try:
        return read(Path(file).read_bytes(), now)
    except OSError as error:
        raise SecurityError(f"{option} {file}: it cannot be read: {error.strerror}") from None
    except TlsFileError as error:
        raise SecurityError(f"{option} {file}: {error.reason}") from None


def _read_authorities(content: bytes, now: datetime) -> bytes:
    trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), content)
    return _read_own(content, now)


def _read_own(content: bytes, now: datetime) -> bytes:
    from cryptography import x509  # noqa: PLC0415 - 60 ms, and only with TLS

    chain = read_certificates(content)
    try:
        certificates = x509.load_pem_x509_certificates(chain)
    except ValueError:
        raise TlsFileError("cert", "a certificate in it cannot be read") from None
    for certificate in certificates:
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        name = certificate.subject.rfc4514_string()
        if now > end:
            raise TlsFileError("cert", f"the certificate of {name} expired on {end:%Y-%m-%d %H:%M} UTC; {RENEW}")
        if now < start:
            raise TlsFileError(
                "cert",
                f"the certificate of {name} is not valid before {start:%Y-%m-%d %H:%M} UTC; is this machine's clock"
                f" right ({now:%Y-%m-%d %H:%M} UTC)?",
            )
    return chain


def _read_key(content: bytes, _: datetime) -> bytes:
    try:
        return open_key(content)
    except TlsFileError as error:
        reason = "the key is encrypted; decrypt it: openssl pkey -in KEY" if error.reason == ENCRYPTED else error.reason
        raise TlsFileError("key", reason) from None
