"""What the actions of all kinds have in a plan: a kind, assertions, extractions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from gradual_common.kinds.http.assertions import read_assertion, read_extraction, spread_assertions
from gradual_common.language.forms import Fragment
from gradual_common.language.model import Model, Name

ASSERTIONS: dict[str, Fragment] = {
    "status_code": {"type": ["integer", "string", "array"], "examples": [200, [200, 201], "2xx"]},
    "response_time": {"type": ["string", "object"], "examples": ["< 500ms"]},
    "header": {"type": ["string", "object"], "examples": [{"name": "Content-Type", "contains": "json"}]},
    "body_contains": {"type": "string"},
    "body_matches": {"type": "string", "format": "regex"},
    "json": {"type": ["string", "object"], "examples": ["data.total > 5"]},
    "body_size": {"type": ["string", "object", "integer"], "examples": ["> 100", "< 10KB"]},
}
"""How each assertion is written."""

SHARED_ASSERTIONS = ("response_time", "body_contains", "body_matches", "json", "body_size")
SHARED_SOURCES = ("json", "regex")
"""What an action of any kind may assert and extract: its response has a time, and a body."""


class Assertion(Model):
    """One assertion, normalised.

    ============== =============== ======================== ==========================================
    check          subject         op                       expected
    ============== =============== ======================== ==========================================
    status_code                    in                       tuple of inclusive (low, high) pairs
    response_time                  < <= > >= == !=          nanoseconds
    header         header name     exists == != contains …  text, may be a template
    body_contains                  contains                 text, may be a template
    body_matches                   matches                  regular expression
    json           JMESPath        exists == != < <= > >= … any JSON value; a text may be a template
    body_size                      < <= > >= == !=          bytes
    ============== =============== ======================== ==========================================

    `contains`, `matches` and `in` are allowed for header and json too; `in` expects a list.
    """

    check: Literal["status_code", "response_time", "header", "body_contains", "body_matches", "json", "body_size"]
    subject: str = ""
    op: Literal["==", "!=", "<", "<=", ">", ">=", "in", "contains", "matches", "exists"]
    expected: Any = None
    text: str = ""
    """As written, for messages."""


class Extraction(Model):
    """`name: "json: data.token"`, or {from, default}."""

    source: Literal["json", "regex", "header", "cookie"]
    expression: str
    default: Any = None
    has_default: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class WrittenAssertions:
    """The value is a list of assertions, or a mapping of them; these `checks` may be among them."""

    checks: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        read = partial(read_assertion, checks=self.checks)
        entry = core_schema.no_info_before_validator_function(read, handler.generate_schema(Assertion))
        entries = core_schema.tuple_variable_schema(entry)
        return core_schema.no_info_before_validator_function(spread_assertions, entries)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Fragment:
        written: Fragment = {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {check: ASSERTIONS[check] for check in self.checks},
        }
        return {"anyOf": [{"type": "array", "items": written}, written]}


@dataclass(frozen=True, slots=True, eq=False)
class WrittenExtraction:
    """The value is an extraction from one of these `sources`."""

    sources: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        read = partial(read_extraction, sources=self.sources)
        return core_schema.no_info_before_validator_function(read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Fragment:
        source: Fragment = {"type": "string", "pattern": f"^({'|'.join(self.sources)}):"}
        mapping: Fragment = {
            "type": "object",
            "properties": {"from": source, "default": {}},
            "required": ["from"],
            "additionalProperties": False,
        }
        return {"anyOf": [source, mapping]}


class ActionSpec(Model):
    """An entry of `actions:`. Each kind has a model of its own, with `kind: Literal[its name]`."""

    kind: str
    """What the action speaks: http unless said."""

    assertions: Annotated[tuple[Assertion, ...], WrittenAssertions(SHARED_ASSERTIONS)] = ()
    """What must hold of the response."""

    extract: dict[Name, Annotated[Extraction, WrittenExtraction(SHARED_SOURCES)]] = Field(default={})
    """Variables from the response."""

    @property
    def address(self) -> str:
        """Where it goes, as the plan says it; reports show it."""
        return ""

    def texts_for_display(self) -> Iterator[str]:
        """What of it is shown beside what was measured."""
        yield self.address
        yield from (assertion.text for assertion in self.assertions)

    def for_display(self, hide: Callable[[str], str]) -> Self:
        """The same without the credentials in these texts."""
        assertions = tuple(
            assertion.model_copy(update={"text": hide(assertion.text), "subject": hide(assertion.subject)})
            for assertion in self.assertions
        )
        return self.model_copy(update={"assertions": assertions})
