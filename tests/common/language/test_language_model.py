"""Names are text, counts are numbers; marks in annotations say how a value is read, and how it may be written."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import TypeAdapter, ValidationError

from gradual_common.language.model import (
    AlsoWritten,
    Model,
    OneOf,
    ShortForm,
    by_name,
    fields_of,
    parts_of,
    read_name,
    read_whole,
    scalar,
)


class Shape(Model):
    kind: str


class Circle(Shape):
    kind: Literal["circle"]
    radius: int


class Square(Shape):
    kind: Literal["square"]
    side_: int


SHAPES = by_name("kind", Circle, Square)
ONE_OF: TypeAdapter[Any] = TypeAdapter(Annotated[Shape, OneOf("kind", SHAPES)])


def test_models_are_found_by_the_word_of_their_literal() -> None:
    assert {"circle": Circle, "square": Square} == SHAPES


def test_the_model_whose_name_is_written_reads_the_mapping() -> None:
    assert ONE_OF.validate_python({"kind": "circle", "radius": 3}) == Circle(kind="circle", radius=3)
    square = Square(kind="square", side_=2)
    assert ONE_OF.validate_python(square) is square


def test_a_mistake_is_at_the_name_of_the_model_that_reads() -> None:
    with pytest.raises(ValidationError) as caught:
        ONE_OF.validate_python({"kind": "circle", "radius": "far"})
    assert [error["loc"] for error in caught.value.errors()] == [("circle", "radius")]


def test_a_text_is_short_for_a_mapping_with_one_key() -> None:
    short: TypeAdapter[Any] = TypeAdapter(Annotated[dict[str, str], ShortForm("action")])
    assert short.validate_python("login") == short.validate_python({"action": "login"}) == {"action": "login"}
    assert short.json_schema()["anyOf"][0] == {"type": "string", "minLength": 1}


def test_other_ways_of_writing_come_before_those_of_the_value() -> None:
    mark = AlsoWritten(({"const": "none"},))
    assert TypeAdapter(Annotated[int, mark]).json_schema() == {"anyOf": [{"const": "none"}, {"type": "integer"}]}


def test_a_variable_may_replace_a_scalar() -> None:
    schema = TypeAdapter(Annotated[int, scalar({"type": "number"})]).json_schema()
    assert schema == {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"\$\{"}]}


def test_an_annotation_is_taken_apart_with_its_marks() -> None:
    mark = ShortForm("a")
    assert mark in parts_of(dict[str, Annotated[int, mark] | None])
    assert tuple(fields_of(Circle)) == ("kind", "radius")


def test_names_are_text_and_counts_are_numbers() -> None:
    assert read_name("x") == "x"
    with pytest.raises(ValueError, match='quote it: "404"'):
        read_name(404)
    with pytest.raises(ValueError, match="true is not a whole number"):
        read_whole(True)
