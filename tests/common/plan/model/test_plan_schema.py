"""The schema for editors knows every key of the model, and no other."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from gradual_common.kinds.assertions.assertion import Assertion
from gradual_common.kinds.extraction import Extraction
from gradual_common.kinds.http.assertions import HTTP_ASSERTIONS
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.kinds.kind import ActionSpec
from gradual_common.kinds.registry import ByKind
from gradual_common.kinds.values.metrics import Metric
from gradual_common.language.model import OneOf
from gradual_common.plan.model.plan import Config, Plan, UserGroup
from gradual_common.plan.model.schema import plan_json_schema
from gradual_common.plan.model.single_steps import Step
from gradual_common.plan.model.steps import STEP_MODELS
from gradual_common.schedule.ramps.levels import RampLevel
from gradual_common.schedule.ramps.ramp import Ramp
from gradual_common.think_times.think_time import ThinkTime


def models(of: type[BaseModel] = Plan, around: frozenset[type[BaseModel]] = frozenset()) -> set[type[BaseModel]]:
    """A model and all models in its fields; steps are inside of each other."""
    found = {of}
    around |= {of}
    for field in of.model_fields.values():
        for part in [*inside(field.annotation), *field.metadata]:
            if isinstance(part, ByKind):
                found |= models(HttpActionSpec, around)
            elif isinstance(part, OneOf):
                found |= {model for choice in part.models.values() for model in models(choice, around)}
            elif isinstance(part, type) and issubclass(part, BaseModel) and part not in around:
                found |= models(part, around)
    return found - {ActionSpec, Assertion, Extraction, Metric, Ramp, ThinkTime}


def inside(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from inside(argument)


def fragment(entry: type[BaseModel]) -> dict[str, Any]:
    schema = plan_json_schema()
    return schema if entry is Plan else schema["$defs"][entry.__name__]


@pytest.mark.parametrize("entry", sorted(models(), key=str), ids=lambda entry: entry.__name__)
def test_it_has_the_keys_of_the_model(entry: type[BaseModel]) -> None:
    assert set(fragment(entry)["properties"]) == {field.alias or name for name, field in entry.model_fields.items()}


def test_it_has_the_words_of_the_model() -> None:
    for entry in models():
        for name, field in entry.model_fields.items():
            words = [word for word in get_args(field.annotation) if isinstance(word, str)]
            if words:
                written = fragment(entry)["properties"][field.alias or name]
                assert written.get("enum", [written.get("const")]) == words
    written = fragment(HttpActionSpec)["properties"]["assertions"]["anyOf"][1]
    assert tuple(written["properties"]) == tuple(HTTP_ASSERTIONS)


def test_values_are_described_as_they_are_written() -> None:
    config = fragment(Config)["properties"]
    assert [way["type"] for way in config["duration"]["anyOf"]] == ["number", "string", "string"]
    assert config["phases"]["minItems"] == 1
    assert config["ramp_up"]["anyOf"] == config["ramp"]["anyOf"]
    assert {"enum": ["additive", "multiplicative", "linear", "find_capacity"], "type": "string"} in config["ramp"][
        "anyOf"
    ]
    assert config["think_time"]["anyOf"][0]["examples"] == ["3s", "2-5s"]
    assert fragment(RampLevel)["properties"]["for"]["description"] == "Its length; a bare number is seconds."
    steps = fragment(UserGroup)["properties"]["behavior"]
    kinds = steps["items"]["anyOf"]
    assert kinds[0] == {"anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/Step"}]}
    assert [kind["$ref"].removeprefix("#/$defs/") for kind in kinds[1:]] == [
        model.__name__ for model in STEP_MODELS.values() if model is not Step
    ]


def test_every_key_is_described_and_every_reference_leads_somewhere() -> None:
    schema = plan_json_schema()
    for part in parts(schema):
        if "$ref" in part:
            assert part["$ref"].removeprefix("#/$defs/") in schema["$defs"]
    for definition in [schema, *schema["$defs"].values()]:
        for key, value in definition.get("properties", {}).items():
            assert value["description"], key
            assert "default" not in value, "what the model holds is not what is written"


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
