"""The files that agents need in memory: those of TLS, and those that are uploaded. The master reads each once."""

from __future__ import annotations

from pathlib import Path as FilePath

from gradual_common.kinds.http.multipart import files_of_uploads
from gradual_common.language.document import Path, value_at
from gradual_common.language.plan_view import PlanView
from gradual_common.plan.checks.tls import TLS_FILES, owners_of_tls
from gradual_common.plan.reading.environment import Locate
from gradual_common.templates.trees import is_template

MAX_UPLOAD_BYTES = 256 * 1024 * 1024
"""Of all files that a plan uploads: every agent process has them in memory, and gets them before it starts."""


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
        with found.open("rb") as file:
            content = file.read(-1 if room is None else room + 1)
    except OSError as error:
        view.document.report(path, f"cannot read {found}: {error.strerror or error}")
        return None
    if room is not None and len(content) > room:
        limit = f"all files that a plan uploads have at most {MAX_UPLOAD_BYTES >> 20} MiB together"
        view.document.report(path, f"{found} is too large: {limit}", "each agent keeps them in memory")
        return None
    return content
