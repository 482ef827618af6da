"""The TLS settings of a connection, as a plan says them."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import model_validator

from gradual_common.language.model import Flag, Model


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


def merge_tls(config: Tls, spec: Tls | None) -> Tls:
    """The settings of one action: what it says goes before what the plan says, setting by setting."""
    if spec is None:
        return config
    return config.model_copy(update={name: getattr(spec, name) for name in spec.model_fields_set})


def tls_in(config: Tls, specs: Iterable[Tls | None]) -> set[Tls]:
    """Every setting that a request of the plan may need, where a redirect leads from http to https, too."""
    return {merge_tls(config, spec) for spec in specs}
