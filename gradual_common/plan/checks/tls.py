"""TLS settings that can never be used, found before a run: everything is loaded once as the agents will load it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gradual_common.errors import TlsFileError
from gradual_common.language.document import Document, Path, attempt, mapping_at
from gradual_common.language.plan_view import PlanView
from gradual_common.language.wording import listed, nearest
from gradual_common.net.certificates import open_key, read_certificates
from gradual_common.net.tls import Tls, make_context
from gradual_common.net.urls import encode_server_name

TLS_FILES = ("ca", "cert", "key")

_SECRET = re.compile(r"\{\{\s*secrets\.(\w+)\s*\}\}")


def owners_of_tls(view: PlanView) -> list[list[Path]]:
    """Where TLS settings may be written, each with the places that it inherits from: config, services, actions."""
    services: list[list[Path]] = [[("services", name), ("config",)] for name in view.services]
    actions = [[path for path, _ in view.layers_of(name)] for name in view.actions]
    return [[("config",)], *services, *actions]


def check_tls(view: PlanView, assets: Mapping[str, bytes], secrets: Mapping[str, str]) -> dict[str, bytes]:
    """Report what cannot be loaded; the assets with their keys opened, so that agents need no passphrase."""
    document, opened = view.document, dict(assets)
    for layers in owners_of_tls(view):
        written = {path: mapping_at(document.root, *path, "tls") for path in reversed(layers)}
        settings = attempt(Tls.model_validate, {key: value for tls in written.values() for key, value in tls.items()})
        if not written[layers[0]] or settings is None:
            continue
        try:
            _check_name(settings)
            files = {settings.ca, settings.cert, settings.key} - {None}
            if _open(document, settings, opened, secrets) and files and files <= opened.keys():
                make_context(settings, opened)
        except TlsFileError as error:
            setting = "cert" if error.setting == "key" and settings.key is None else error.setting
            written_at = next((path for path in layers if setting in written[path]), ("config",))
            file = getattr(settings, setting) if setting in TLS_FILES else None
            document.report((*written_at, "tls", setting), f"{file}: {error.reason}" if file else error.reason)
    return opened


def _check_name(settings: Tls) -> None:
    try:
        if settings.server_name is not None:
            encode_server_name(settings.server_name)
    except ValueError as error:
        raise TlsFileError("server_name", f"{settings.server_name!r} is not the name of a server: {error}") from None


def _open(document: Document, settings: Tls, opened: dict[str, bytes], secrets: Mapping[str, str]) -> bool:
    """Take the passphrase from the key; False where it is a secret that could not be read: that is reported."""
    file = settings.key or settings.cert
    if settings.passphrase is None or file not in opened:
        return True
    passphrase = _read_passphrase(document, settings.passphrase, secrets)
    if passphrase is None:
        return False
    chain = read_certificates(opened[file]) + b"\n" if settings.key is None else b""
    opened[file] = chain + open_key(opened[file], passphrase)
    return True


def _read_passphrase(document: Document, written: str, secrets: Mapping[str, str]) -> str | None:
    """The passphrase itself; None for a secret that could not be read."""
    if "{{" not in written:
        return written
    match = _SECRET.fullmatch(written.strip())
    if match is None:
        raise TlsFileError("passphrase", 'a secret is the only template that is allowed here; write "{{secrets.NAME}}"')
    known = tuple(mapping_at(document.root, "secrets"))
    if match[1] not in known:
        hint = nearest(match[1], known) or f"there are: {listed(known) or 'none'}"
        raise TlsFileError("passphrase", f"there is no secret {match[1]!r}; {hint}")
    return secrets.get(match[1])
