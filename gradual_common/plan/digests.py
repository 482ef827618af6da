"""What tells plans apart: the SHA-256 of a plan as it runs, and that of the load that it makes.

Other rows or other files are another load, though the plan names them alike: cheap queries instead of expensive ones.
Certificates are none of it: a second system has its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from gradual_common.plan.data.data_files import DataTable, Row
from gradual_common.plan.data.supplies import Supply

_TO_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode

SetKey = tuple[int, str]
"""A data set: the number of its group, and its name."""


def digest_of(root: Mapping[str, Any]) -> str:
    """The SHA-256 of a plan as it runs."""
    return hashlib.sha256(_TO_JSON(root).encode("utf-8", "surrogatepass")).hexdigest()


def digest_of_load(
    root: Mapping[str, Any],
    data: Mapping[SetKey, DataTable],
    supplies: Mapping[SetKey, Supply],
    uploads: Mapping[str, bytes],
) -> str:
    """The SHA-256 of the plan without addresses and baseline, with the rows and files that it sends."""
    known: dict[int, str] = {}
    digests = {f"file {name}": hashlib.sha256(content).hexdigest() for name, content in uploads.items()}
    for (group, name), rows in _rows(data, supplies):
        # Groups share the rows of a file: they are read once, and hashed once.
        if id(rows) not in known:
            known[id(rows)] = _digest_of_rows(rows)
        digests[f"data {group} {name}"] = known[id(rows)]
    plan = _load_of(root)
    return digest_of({"plan": plan, "digests": digests} if digests else plan)


def _rows(
    data: Mapping[SetKey, DataTable], supplies: Mapping[SetKey, Supply]
) -> Iterable[tuple[SetKey, Iterable[Row]]]:
    yield from ((key, table.rows) for key, table in data.items())
    yield from ((key, supply.rows) for key, supply in supplies.items())


def _digest_of_rows(rows: Iterable[Row]) -> str:
    found = hashlib.sha256()
    for row in rows:
        found.update(_TO_JSON(row).encode("utf-8", "surrogatepass") + b"\n")
    return found.hexdigest()


def _load_of(root: Mapping[str, Any]) -> dict[str, Any]:
    """A plan without the addresses of the system under test, in `config` and its services, and without its baseline."""
    services = root.get("services", {})
    config = {key: value for key, value in root["config"].items() if key != "baseline"}
    return {
        **root,
        "config": _without_base_url(config),
        "services": {name: _without_base_url(service) for name, service in services.items()},
    }


def _without_base_url(section: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if key != "base_url"}
