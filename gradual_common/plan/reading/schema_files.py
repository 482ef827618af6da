"""The JSON Schemas that assertions name as files: their content is put into the plan, so that agents need no file.

The schema keeps the path under `$comment`, which JSON Schema ignores; messages show it.
"""

from __future__ import annotations

import json
from typing import Any

from gradual_common.kinds.assertions.json_schema import COMMENT, JsonSchema
from gradual_common.kinds.assertions.parsing import place_assertions
from gradual_common.language.document import EACH, Document, Path, places, value_at
from gradual_common.language.wording import kind_of
from gradual_common.plan.reading.environment import Locate
from gradual_common.plan.reading.regular_files import read_regular

MAX_SCHEMA_BYTES = 1024 * 1024
"""A schema is sent to every agent within the plan."""


def put_schemas_in(document: Document, locate: Locate) -> None:
    """Replace the path of every `json_schema: path` by the schema; by an empty one where it cannot be read."""
    for path, written in places(document.root, "actions", EACH, "assertions"):
        if not isinstance(written, dict | list):
            continue
        for place, entry in place_assertions(written):
            file = entry.get(JsonSchema.name) if isinstance(entry, dict) else None
            if isinstance(file, str):
                owner = (*path, *place) if place[-1:] != (JsonSchema.name,) else (*path, *place[:-1])
                at = (*owner, JsonSchema.name)
                value_at(document.root, owner)[JsonSchema.name] = _read(document, at, file, locate)


def _read(document: Document, path: Path, file: str, locate: Locate) -> dict[str, Any]:
    located = locate(path, file)
    try:
        schema = json.loads(read_regular(located, MAX_SCHEMA_BYTES))
        if not isinstance(schema, dict):
            raise ValueError(f"a mapping is expected; found {kind_of(schema)}")
    except OSError as error:
        document.report(path, f"cannot read {located}: {error.strerror or error}")
    except (ValueError, RecursionError) as error:
        document.report(path, f"{located} is not a JSON Schema: {error}")
    else:
        return {**schema, COMMENT: file}
    return {}
