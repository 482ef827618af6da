"""The files that agents need in memory: those of TLS, and those that are uploaded. The master reads each once."""

from __future__ import annotations

from pathlib import Path as FilePath

from gradual_common.kinds.http.multipart import files_of_uploads
from gradual_common.language.document import Path, value_at
from gradual_common.language.plan_view import PlanView
from gradual_common.plan.checks.tls import TLS_FILES, owners_of_tls
from gradual_common.plan.reading.environment import Locate
from gradual_common.plan.reading.regular_files import TooLargeError, read_regular
from gradual_common.templates.trees import is_template

MAX_UPLOAD_BYTES = 256 * 1024 * 1024
"""Of all files that a plan uploads: every agent process has them in memory, and gets them before it starts."""

MAX_TLS_BYTES = 16 * 1024 * 1024
"""Of one file of TLS; all certificates that a system trusts have less than 1 MiB."""


def read_assets(view: PlanView, locate: Locate) -> dict[str, bytes]:
    """The content of these files, by the path that the plan gives."""
    assets = _read_tls(view, locate)
    room = MAX_UPLOAD_BYTES
    read: dict[str, FilePath] = {}
    for path, file in files_of_uploads(view):
        if is_template(file) or view.document.is_reported(path):
            continue
        found = locate(path, file)
        named = _name_apart(view, path, found, read, assets)
        if read.setdefault(named, found) is found and (content := _read(view, path, found, room)) is not None:
            assets[named] = content
            room -= len(content)
    return assets


def _name_apart(
    view: PlanView, path: Path, found: FilePath, read: dict[str, FilePath], assets: dict[str, bytes]
) -> str:
    """The name of a file; its whole path, also in the plan, if another file has this name.

    A path in an option starts from the working folder, and one in the plan from the plan's own.
    """
    owner = value_at(view.document.root, path[:-1])
    named: str = owner[path[-1]]
    if (read[named] != found) if named in read else (named in assets):
        named = owner[path[-1]] = str(found.absolute())
    return named


def _read_tls(view: PlanView, locate: Locate) -> dict[str, bytes]:
    assets: dict[str, bytes] = {}
    for owner, *_ in owners_of_tls(view):
        for key in TLS_FILES:
            path = (*owner, "tls", key)
            if isinstance(file := value_at(view.document.root, path), str):
                found = locate(path, file)
                content = _read(view, path, found)
                if content is not None:
                    # `locate` may have changed the name in the document: to one that is relative to the plan.
                    assets[value_at(view.document.root, path)] = content
    return assets


def _read(view: PlanView, path: Path, found: FilePath, room: int | None = None) -> bytes | None:
    """The content; None for a file that cannot be read or has more than `room` bytes, which is reported."""
    try:
        return read_regular(found, MAX_TLS_BYTES if room is None else room)
    except OSError as error:
        view.document.report(path, f"cannot read {found}: {error.strerror or error}")
    except TooLargeError as error:
        message, hint = (str(error), "") if room is None else _too_much(found, room)
        view.document.report(path, message, hint)
    return None


def _too_much(found: FilePath, room: int) -> tuple[str, str]:
    """Message and hint for an upload for which `room` bytes are not enough."""
    limit = f"{MAX_UPLOAD_BYTES:,} bytes ({MAX_UPLOAD_BYTES >> 20} MiB)"
    message = f"{found} has {found.stat().st_size:,} bytes; all files that a plan uploads have at most {limit} together"
    if room < MAX_UPLOAD_BYTES:
        message += f", and those before it leave {room:,}"
    return message, "each agent process keeps them in memory: upload smaller files, or the same file in several actions"
