"""Compiled values: templates at any depth, and each value as text."""

from typing import Any

import pytest

from gradual_common.errors import TemplateError
from gradual_common.templates.compiled import as_text
from gradual_common.templates.templates import compile_value


def test_a_value_is_compiled_at_any_depth_and_is_static_when_all_of_it_is() -> None:
    value = compile_value({"a": [1, {"b": "{{ x }}", "{{ x }}": True}], "c": None})
    assert value.render({"x": 5}) == {"a": [1, {"b": 5, "5": True}], "c": None}
    assert value.names == {"x"}
    assert not value.is_static
    assert compile_value({"a": [1, {"b": "text"}]}).is_static
    assert value.render_text({"x": "ä"}) == '{"a":[1,{"b":"ä","ä":true}],"c":null}'


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (None, ""), (3, "3"), (1.5, "1.5"), ("x", "x"), ([1], "[1]")]
)
def test_a_static_scalar_is_text_as_yaml_writes_it(value: Any, text: str) -> None:
    assert compile_value(value).render_text({}) == text


def test_what_cannot_be_text_is_an_error_of_its_template() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (10**5000, [10**5000], [{1, 2}], {"a": float}, deep):
        with pytest.raises(TemplateError, match="cannot be written as text"):
            as_text(value)
