"""Certificates and keys as files, for plans and for the fleet.

Files come as bytes. A file may have any text around its PEM blocks (RFC 7468, 2); a file without a PEM block is read as
DER. Nothing here asks for a passphrase: OpenSSL would ask on the terminal, and the agent would wait forever.
"""

from __future__ import annotations

import re
import ssl
import tempfile
from pathlib import Path
from typing import Final, NoReturn

from gradual_common.errors import TlsFileError

ENCRYPTED: Final = 'the key is encrypted; add tls.passphrase: "{{secrets.NAME}}", or decrypt it: openssl pkey -in KEY'
NO_CERTIFICATE: Final = "it holds no certificate in PEM or DER"
SEQUENCE: Final = b"\x30"
"""The first byte of a certificate or a key in DER: the tag of a SEQUENCE (X.690, 8.9)."""

_CERTIFICATE = re.compile(rb"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----.+?-----END \1-----", re.DOTALL)
_KEY = re.compile(rb"-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED")


def trust(context: ssl.SSLContext, authorities: bytes) -> None:
    """Trust the certificates in a file and no others."""
    blocks = _certificates_in(authorities)
    if not blocks and not authorities.startswith(SEQUENCE):
        raise TlsFileError("ca", NO_CERTIFICATE)
    try:
        context.load_verify_locations(cadata=b"\n".join(blocks).decode("ascii") if blocks else authorities)
    except (ssl.SSLError, ValueError) as error:
        raise TlsFileError("ca", f"a certificate in it cannot be read ({_reason(error)})") from None


def load_identity(context: ssl.SSLContext, certificate: bytes, key: bytes | None) -> None:
    """Load the client's own certificate and key."""
    # Python's ssl module loads a chain from a file only, so we write one that only this user can read, and delete it.
    # Its mode is set before the key is written.
    chain, secret = read_certificates(certificate), open_key(certificate if key is None else key)
    with tempfile.TemporaryDirectory(prefix="gradual-") as folder:
        path = Path(folder, "identity.pem")
        path.touch(mode=0o600)
        path.write_bytes(chain + b"\n" + secret)
        try:
            context.load_cert_chain(path, password=_refuse)
        except (ssl.SSLError, ValueError) as error:
            if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
                reason = "it is not the key of the certificate: they do not belong together"
                raise TlsFileError("key", reason) from None
            raise TlsFileError("cert", f"certificate and key cannot be read ({_reason(error)})") from None


def read_certificates(content: bytes) -> bytes:
    """The certificates of a file as PEM without anything around them."""
    if blocks := _certificates_in(content):
        return b"\n".join(blocks)
    if content.startswith(SEQUENCE):
        return ssl.DER_cert_to_PEM_cert(content).encode("ascii")
    raise TlsFileError("cert", NO_CERTIFICATE)


def open_key(content: bytes, passphrase: str | None = None) -> bytes:
    """The key of a file as PEM, without anything around it and without its passphrase, if it has one."""
    match = _KEY.search(content)
    if match is None and not content.startswith(SEQUENCE):
        raise TlsFileError("key", "it holds no private key in PEM or DER")
    if match is not None and not _ENCRYPTED.search(match[0]):
        return match[0]
    if match is not None and passphrase is None:
        raise TlsFileError("key", ENCRYPTED)
    return _decrypt(content if match is None else match[0], match is None, passphrase)


def _decrypt(key: bytes, is_der: bool, passphrase: str | None) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - a tenth of a second, rarely needed
    from cryptography.hazmat.primitives import serialization as forms  # noqa: PLC0415 - the same

    load = forms.load_der_private_key if is_der else forms.load_pem_private_key
    try:
        opened = load(key, None if passphrase is None else passphrase.encode())
    except TypeError:
        # cryptography raises TypeError for both: no passphrase for an encrypted key, a passphrase for a plain key.
        if passphrase is None:
            raise TlsFileError("key", ENCRYPTED) from None
        return _decrypt(key, is_der, None)
    except (ValueError, UnsupportedAlgorithm):
        if passphrase is None:
            raise TlsFileError("key", "it holds no private key that can be read") from None
        raise TlsFileError("passphrase", "it does not open the key") from None
    return opened.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())


def holds_key(content: bytes) -> bool:
    """Whether a file holds a private key in PEM."""
    return _KEY.search(content) is not None


def _certificates_in(content: bytes) -> list[bytes]:
    return [match[0] for match in _CERTIFICATE.finditer(content)]


def _refuse() -> NoReturn:
    """OpenSSL calls this function instead of asking on the terminal."""
    raise ValueError(ENCRYPTED)


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error).replace("_", " ").lower()
