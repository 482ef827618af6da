"""Certificates, keys and the TLS contexts made of them, as whoever checks a plan and whoever runs it see them alike.

Files come as bytes. PEM is found in whatever stands around it (RFC 7468 allows any text there); what has no PEM block
is taken for DER. Nothing here ever asks for a passphrase: OpenSSL would, on the terminal, and an agent would stand
still.
"""

from __future__ import annotations

import re
import ssl
import tempfile
from base64 import encodebytes
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from gradual_common.errors import TlsFileError
from gradual_common.plan.model import Tls

Assets = Mapping[str, bytes]
"""The files that a plan names, by their names in it; the master has read them."""

Identity = tuple[bool, str | None, str | None, str | None]
"""verify, ca, cert, key: what a context is made of. The server's name is the connection's."""

ENCRYPTED: Final = 'the key is encrypted; add tls.passphrase: "{{secrets.NAME}}", or decrypt it: openssl pkey -in KEY'
SEQUENCE: Final = b"\x30"
"""How DER of a certificate or a key begins."""

_CERTIFICATE = re.compile(rb"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----.+?-----END \1-----", re.DOTALL)
_KEY = re.compile(rb"-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED")


def identity_of(settings: Tls) -> Identity:
    """What of the settings makes a context of its own."""
    return settings.verify, settings.ca, settings.cert, settings.key


def make_context(settings: Tls, assets: Assets) -> ssl.SSLContext:
    """A client's context that offers HTTP/1.1 only (RFC 7301).

    Takes tens of milliseconds where it reads the system's authorities: to be made before a run, not in it. Raises
    TlsFileError for what cannot be loaded, KeyError for an asset that is not there.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if settings.ca is not None:
        trust(context, assets[settings.ca])
    elif settings.verify:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.cert is not None:
        load_identity(context, assets[settings.cert], None if settings.key is None else assets[settings.key])
    context.set_alpn_protocols(["http/1.1"])
    return context


def trust(context: ssl.SSLContext, authorities: bytes) -> None:
    """Trust the certificates in a file, and them alone."""
    blocks = _certificates_in(authorities)
    if not blocks and not authorities.startswith(SEQUENCE):
        raise TlsFileError("ca", "it holds no certificate in PEM or DER")
    try:
        context.load_verify_locations(cadata=b"\n".join(blocks).decode("ascii") if blocks else authorities)
    except (ssl.SSLError, ValueError) as error:
        raise TlsFileError("ca", f"a certificate in it cannot be read ({_reason(error)})") from None


def load_identity(context: ssl.SSLContext, certificate: bytes, key: bytes | None) -> None:
    """Our own certificate and key. OpenSSL's binding reads files only: it is ours alone, and gone when it is read."""
    chain, secret = read_certificates(certificate), read_key(certificate if key is None else key, key is not None)
    with tempfile.TemporaryDirectory(prefix="gradual-") as folder:
        path = Path(folder, "identity.pem")
        path.touch(mode=0o600)
        path.write_bytes(chain + b"\n" + secret)
        try:
            context.load_cert_chain(path, password=_refuse)
        except (ssl.SSLError, ValueError) as error:
            raise _what_is_wrong(error, "cert" if key is None else "key") from None


def read_certificates(content: bytes) -> bytes:
    """The certificates of a file as PEM without anything around them."""
    if blocks := _certificates_in(content):
        return b"\n".join(blocks)
    if content.startswith(SEQUENCE):
        return ssl.DER_cert_to_PEM_cert(content).encode("ascii")
    raise TlsFileError("cert", "it holds no certificate in PEM or DER")


def read_key(content: bytes, is_alone: bool) -> bytes:
    """The key of a file as PEM; `is_alone`: the file is the key's own, else it holds the certificate, too."""
    key = "key" if is_alone else "cert"
    if match := _KEY.search(content):
        if _ENCRYPTED.search(match[0]):
            raise TlsFileError(key, ENCRYPTED)
        return match[0]
    if is_alone and content.startswith(SEQUENCE):
        return b"-----BEGIN PRIVATE KEY-----\n" + encodebytes(content) + b"-----END PRIVATE KEY-----\n"
    raise TlsFileError(key, "it holds no private key" + ("" if is_alone else "; name its file as tls.key"))


def decrypt_key(content: bytes, passphrase: str) -> bytes:
    """The key in PEM or DER without its passphrase; one that needs none stays as it is."""
    from cryptography.hazmat.primitives import serialization as forms  # noqa: PLC0415 - a tenth of a second, rarely needed

    match = _KEY.search(content)
    if match is not None and not _ENCRYPTED.search(match[0]):
        return content
    load = forms.load_der_private_key if match is None else forms.load_pem_private_key
    try:
        key = load(content if match is None else match[0], passphrase.encode())
    except TypeError:  # So it says that the key, in DER, is not encrypted.
        return content
    except Exception as error:
        raise TlsFileError("passphrase", "it does not open the key") from error
    return key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())


def _certificates_in(content: bytes) -> list[bytes]:
    return [match[0] for match in _CERTIFICATE.finditer(content)]


def _refuse() -> NoReturn:
    """What OpenSSL calls instead of asking on the terminal."""
    raise ValueError(ENCRYPTED)


def _what_is_wrong(error: ssl.SSLError | ValueError, key: str) -> TlsFileError:
    reason = getattr(error, "reason", None) or ""
    if reason == "KEY_VALUES_MISMATCH":
        return TlsFileError(key, "the key is not the certificate's: they do not belong together")
    if reason == "PEM_LIB" or not reason:
        return TlsFileError(key, "certificate and key cannot be read together; is each whole, in PEM or DER?")
    return TlsFileError(key, f"certificate and key cannot be used ({_reason(error)})")


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error).replace("_", " ").lower()
