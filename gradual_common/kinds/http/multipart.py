"""`multipart:` as it is written: the parts of a form with files (RFC 7578)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from gradual_common.kinds.http.media_types import check_media_type, media_type_of
from gradual_common.language.document import EACH, Path, places
from gradual_common.language.model import Fragment, Model, Name
from gradual_common.language.plan_view import PlanView

_PLAIN: Fragment = {"type": ["string", "number", "boolean"]}


class FormPart(Model):
    """One part: a file of the plan, or a value."""

    template_fields: ClassVar[tuple[str, ...]] = ("value", "filename")
    """The fields whose texts are templates."""

    file: Name | None = None
    """The path of the file, which the master reads; relative to the plan."""

    value: Any = None
    """A text, number or boolean; a mapping or list is sent as JSON. Templates are allowed."""

    content_type: Annotated[str, BeforeValidator(check_media_type)] | None = None
    """Its media type; default: that of the end of the path for a file, none for a text."""

    filename: Name | None = None
    """The name of the file for the system; default: that of the path. Templates are allowed."""

    @model_validator(mode="after")
    def _check_one(self) -> FormPart:
        if (self.file is None) == (self.value is None):
            raise ValueError("a part is a text, a number, {file: path} or {value: …}")
        return self

    @property
    def shown_filename(self) -> str | None:
        """The file name that is sent; None for a value without one."""
        return self.filename or (None if self.file is None else PurePosixPath(self.file).name)

    @property
    def shown_type(self) -> str:
        """The media type that is sent; "" for a value without one."""
        if self.content_type is not None:
            return self.content_type
        return "" if self.file is None else media_type_of(self.file)


@dataclass(frozen=True, slots=True, eq=False)
class WrittenParts:
    """Marks a list of parts that may also be written as one part, and each part as a plain value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Fragment:
        inner = handler(schema)
        part = inner["items"]
        return {"anyOf": [_PLAIN, part, {**inner, "items": {"anyOf": [_PLAIN, part]}}]}

    @staticmethod
    def read(value: Any) -> Any:
        """The parts of one name."""
        if isinstance(value, list | tuple):
            return [_spell_out(part) for part in value]
        return (FormPart.model_validate(_spell_out(value)),)


def _spell_out(part: Any) -> Any:
    return part if isinstance(part, dict | list | FormPart) else {"value": part}


Parts = Annotated[tuple[FormPart, ...], Field(min_length=1), WrittenParts()]


def files_of_uploads(view: PlanView) -> Iterator[tuple[Path, Any]]:
    """Every file that an action uploads, as written, with its path in the plan."""
    for name, action in view.actions_of("http").items():
        at: Path = ("actions", name)
        for pattern in (("body_file",), ("multipart", EACH, "file"), ("multipart", EACH, EACH, "file")):
            yield from (((*at, *path), file) for path, file in places(action, *pattern) if isinstance(file, str))
