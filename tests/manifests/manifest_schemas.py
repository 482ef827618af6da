"""Validates objects against the schemas of Kubernetes' three newest minor versions (`renew_schemas.py` makes them).

A field that the schema does not know is a mistake too: the API server drops it or refuses it, by its settings.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

HERE = Path(__file__).resolve().parent
GROUP = "x-kubernetes-group-version-kind"
VERSIONS = tuple(sorted(path.stem.removeprefix("kubernetes-") for path in HERE.glob("kubernetes-*.json")))
INT_OR_STRING = "int-or-string"


def mistakes(manifest: Mapping[str, Any], version: str) -> list[str]:
    """What is wrong with an object in a version of Kubernetes, as `Job gradual-master: spec.foo: …`."""
    kind = f"{manifest.get('apiVersion')}/{manifest.get('kind')}"
    schema = schemas(version).get(kind)
    title = f"{manifest.get('kind')} {manifest.get('metadata', {}).get('name')}"
    if schema is None:
        return [f"{title}: there is no {kind} in the schemas of {version}"]
    found = jsonschema.Draft4Validator(schema).iter_errors(manifest)
    return sorted(f"{title}: {'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found)


@cache
def schemas(version: str) -> dict[str, dict[str, Any]]:
    """The schema of each kind, by `apiVersion/kind`."""
    definitions = json.loads((HERE / f"kubernetes-{version}.json").read_text())["definitions"]
    strict_ones = {name: strict(definition) for name, definition in definitions.items()}
    return {
        f"{group['group']}/{group['version']}/{group['kind']}".lstrip("/"): {
            "$ref": f"#/definitions/{name}",
            "definitions": strict_ones,
        }
        for name, definition in definitions.items()
        for group in definition.get(GROUP, [])
    }


def strict(definition: dict[str, Any]) -> dict[str, Any]:
    """The definition without room for other fields; a number that may be a text has both types."""
    if "properties" in definition:
        properties = {name: strict(value) for name, value in definition["properties"].items()}
        return {**definition, "properties": properties, "additionalProperties": False}
    if definition.get("format") == INT_OR_STRING:
        return {"type": ["integer", "string"]}
    return definition
