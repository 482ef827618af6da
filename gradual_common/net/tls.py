"""TLS of a plan: its settings and the contexts made of them, the same for the checks of a plan and the engine."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from pydantic import model_validator

from gradual_common.language.model import Flag, Model
from gradual_common.net.certificates import load_identity, trust

Assets = Mapping[str, bytes]
"""The files that a plan names, by their names in it; the master has read them."""

Identity = tuple[bool, str | None, str | None, str | None]
"""verify, ca, cert, key: what a context is made of. The server's name is the connection's."""


class Tls(Model):
    """TLS of a connection. `ca`, `cert`, `key` are paths that the master reads once (the job's `assets`).

    `passphrase` opens the key; the master does that, so that agents get the key without one.
    """

    verify: Flag = True
    """Whether the server's certificate is checked."""

    ca: str | None = None
    """A file with the certificates to trust."""

    cert: str | None = None
    """The client's certificate."""

    key: str | None = None
    """The client's key; default: it is in the file of cert."""

    passphrase: str | None = None
    """The passphrase of the key; {{secrets.NAME}} or a text."""

    server_name: str | None = None
    """The name for SNI and for the check of the certificate; default: the URL's host."""

    @model_validator(mode="after")
    def _check_pair(self) -> Tls:
        if self.key is not None and self.cert is None:
            raise ValueError("key needs a cert beside it")
        return self


def merge_tls(outer: Tls, inner: Tls) -> Tls:
    """The settings of an action or service: each of its own takes precedence over the one around it."""
    return outer.model_copy(update={name: getattr(inner, name) for name in inner.model_fields_set})


def identity_of(settings: Tls) -> Identity:
    """The settings that need a context of their own."""
    return settings.verify, settings.ca, settings.cert, settings.key


def make_context(settings: Tls, assets: Assets) -> ssl.SSLContext:
    """A client's context that offers HTTP/1.1 only (RFC 7301).

    Make it before a run: to read the system's authorities takes tens of milliseconds. Raises TlsFileError for a file
    that cannot be loaded, KeyError for an asset that does not exist.
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
