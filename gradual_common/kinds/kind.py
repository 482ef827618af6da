"""What a kind of action is, as the plan, the master and the reports see it, and the keys that all actions have.

A kind is an instance of a subclass of `ActionKind`. Built-in kinds are in `registry`, others are registered by an entry
point of the group `gradual.actions`. The engine is named, not imported: only agents and `gradual try` import it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from gradual_common.kinds.assertions.assertion import Assertion, AssertionKind
from gradual_common.kinds.assertions.parsing import SHARED_ASSERTIONS, read_assertion, spread_assertions
from gradual_common.kinds.extraction import SHARED_SOURCES, Extraction, read_extraction
from gradual_common.kinds.failure import FailureKind
from gradual_common.kinds.values.metrics import VALUE, Metric, WrittenMetric
from gradual_common.language.model import Fragment, Model, Name, read_name
from gradual_common.language.plan_view import PlanView


@dataclass(frozen=True, slots=True, eq=False)
class WrittenAssertions:
    """Marks a value as a list or a mapping of assertions of these `kinds`."""

    kinds: Mapping[str, AssertionKind]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        read = partial(read_assertion, kinds=self.kinds)
        entry = core_schema.no_info_before_validator_function(read, handler.generate_schema(Assertion))
        entries = core_schema.tuple_variable_schema(entry)
        return core_schema.no_info_before_validator_function(spread_assertions, entries)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Fragment:
        written: Fragment = {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {name: kind.schema for name, kind in self.kinds.items()},
        }
        return {"anyOf": [{"type": "array", "items": written}, written]}


@dataclass(frozen=True, slots=True, eq=False)
class WrittenExtraction:
    """Marks a value as an extraction from one of these `sources`."""

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


Tag = Annotated[str, Field(min_length=1), BeforeValidator(read_name)]
"""The value of a tag: a text. Numbers are quoted, so that it is shown as it is written."""


class ActionSpec(Model):
    """An entry of `actions:`. Each kind has a model of its own, with `kind: Literal[its name]`."""

    kind: str
    """The kind of the action; default: http."""

    assertions: Annotated[tuple[Assertion, ...], WrittenAssertions(SHARED_ASSERTIONS)] = ()
    """Conditions that the response must meet."""

    extract: dict[Name, Annotated[Extraction, WrittenExtraction(SHARED_SOURCES)]] = Field(default={})
    """Variables from the response."""

    tags: dict[Name, Tag] = Field(default={})
    """Tags by name, such as {team: payments}: the results show them, and objectives may name them."""

    record: dict[Name, Annotated[Metric, WrittenMetric(SHARED_SOURCES)]] = Field(default={})
    """Custom metrics: values of each success, by name."""

    @property
    def address(self) -> str:
        """The target of the action as the plan writes it, for reports."""
        return ""

    @property
    def variables(self) -> frozenset[str]:
        """The variables that it may set."""
        return frozenset(self.extract)

    @property
    def service_name(self) -> str | None:
        """The entry of `services` that it goes to, for results; None if it names none."""
        return None

    def texts_for_display(self) -> Iterator[str]:
        """The texts of the plan that results show; they are searched for credentials."""
        yield self.address
        yield from (assertion.text for assertion in self.assertions)
        yield from (metric.unit for metric in self.record.values())
        yield from (text for pair in self.tags.items() for text in pair)

    def for_display(self, hide: Callable[[str], str]) -> Self:
        """A copy without the credentials in these texts."""
        assertions = tuple(
            assertion.model_copy(update={"text": hide(assertion.text), "subject": hide(assertion.subject)})
            for assertion in self.assertions
        )
        tags = {hide(name): hide(value) for name, value in self.tags.items()}
        record = {name: metric.model_copy(update={"unit": hide(metric.unit)}) for name, metric in self.record.items()}
        return self.model_copy(update={"assertions": assertions, "tags": tags, "record": record})


class ActionKind:
    """One kind of action. `docs/extending.md` says how to make one."""

    name: ClassVar[str]
    """The word under `kind`."""

    model: ClassVar[type[ActionSpec]]
    """The keys of such an action, each with the text that `gradual schema` shows under it."""

    engine: ClassVar[str]
    """`package.module:name` of a `gradual_agent.kinds.engines.MakeEngine`, which makes the engine of this kind."""

    uses: ClassVar[tuple[str, ...]] = ()
    """Other kinds whose engines, and whose clients of the same user, its actions use. One of its samples may then have
    several exchanges, or none."""

    failures: ClassVar[tuple[FailureKind, ...]] = ()
    """Its own failures; every action may also fail by a template, an assertion, an extraction or a timeout."""

    assertions: ClassVar[Mapping[str, AssertionKind]] = SHARED_ASSERTIONS
    """The kinds of assertions of its actions, by name; their failures are numbered in `failures.BUILT_IN`."""

    template_keys: ClassVar[tuple[str, ...]] = ("assertions", "record")
    """The keys of an action whose texts are templates."""

    def check(self, view: PlanView) -> None:
        """Report mistakes that the model cannot find; `view.actions_of(self.name)` are the actions."""

    def texts(self, config: Any, action: ActionSpec) -> Iterator[str]:
        """Every text that may be a template, of an action and of the parts of `config` that it uses.

        The settings of its service are in `config` already.
        """
        for key in self.template_keys:
            yield from texts_in(getattr(action, key))


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a value of the plan."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Assertion):
        yield from texts_in(value.expected)
    elif isinstance(value, Metric):
        yield from texts_in(value.expression if value.source == VALUE else "")
    elif isinstance(value, Model):
        for name in getattr(value, "template_fields", ()):
            yield from texts_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for name, entry in value.items():
            yield from texts_in(name)
            yield from texts_in(entry)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)
