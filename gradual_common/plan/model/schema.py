"""The JSON Schema of plans as they are written, for editors (`gradual schema`).

The models describe themselves: each field by the text under it, its value by the marks in its annotation
(`language.model`).
The texts are read from the source here, because pydantic would do so whenever a plan is loaded.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from textwrap import dedent
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from gradual_common.language.model import Fragment
from gradual_common.plan.model.plan import Plan


def plan_json_schema() -> Fragment:
    """The schema, draft 2020-12."""
    schema = Plan.model_json_schema(schema_generator=_Generator)
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "Gradual plan",
        **schema,
        "patternProperties": {"^x-": {}},
    }


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, for what people write: no default values of models, no null, no titles."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Fragment:
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Fragment:
        return self.generate_inner(schema["schema"])

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> Fragment:
        return {"anyOf": [self.generate_inner(choice) for choice in schema["choices"].values()]}

    def model_schema(self, schema: core_schema.ModelSchema) -> Fragment:
        found = super().model_schema(schema)
        texts = dict(_texts_of(schema["cls"]))
        for key, field in schema["cls"].model_fields.items():
            found["properties"][field.alias or key]["description"] = texts[key]
        return {key: value for key, value in found.items() if key != "title"} | {
            "description": (schema["cls"].__doc__ or "").split("\n")[0],
            "required": found.get("required", []),
        }


def _texts_of(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Each field of a model with the text under it; those of the bases first."""
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base.model_fields:
            (definition,) = ast.parse(dedent(inspect.getsource(base))).body
            assert isinstance(definition, ast.ClassDef)
            for pair in pairwise(definition.body):
                match pair:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        yield name, text
