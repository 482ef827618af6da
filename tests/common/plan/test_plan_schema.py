"""The schema for editors knows every key of the model, and no other."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from gradual_common.kinds.http.assertions import CHECKS
from gradual_common.language.model import Model
from gradual_common.plan.schema import KEYS, plan_json_schema
from gradual_common.plan.schema_parts import ASSERTION


@pytest.mark.parametrize("entry", list(KEYS), ids=lambda entry: entry.__name__)
def test_it_has_the_keys_of_the_model(entry: type[Model]) -> None:
    assert set(KEYS[entry]) == {field.alias or name for name, field in entry.model_fields.items()}


def test_it_has_the_words_of_the_model() -> None:
    schema = plan_json_schema()["$defs"]
    for entry, keys in KEYS.items():
        for name, field in entry.model_fields.items():
            words = [word for word in get_args(field.annotation) if isinstance(word, str)]
            if name in keys and words and name != "strategy":
                assert schema[entry.__name__]["properties"][name]["enum"] == words
    assert tuple(ASSERTION["properties"]) == CHECKS


def test_every_key_is_described_and_every_reference_leads_somewhere() -> None:
    schema = plan_json_schema()
    for part in parts(schema):
        if "$ref" in part:
            assert part["$ref"].removeprefix("#/$defs/") in schema["$defs"]
    for definition in [schema, *schema["$defs"].values()]:
        for key, value in definition.get("properties", {}).items():
            assert value["description"], key


def test_it_is_json_and_allows_extensions() -> None:
    schema = json.loads(json.dumps(plan_json_schema()))
    assert schema["required"] == ["config", "users"]
    assert "^x-" in schema["patternProperties"]
    assert schema["additionalProperties"] is False


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)
