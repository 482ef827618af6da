"""Templates: sandboxed, strict, compiled once, and values keep their types."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.errors import TemplateError
from gradual_common.randomness import RandomStream
from gradual_common.templates.functions import RANDOM, WALL_CLOCK
from gradual_common.templates.templates import Condition, compile_template, compile_value
from gradual_common.templates.trees import names_in

NOON = 1_793_534_400_123_000_000


def scope(**names: Any) -> dict[str, Any]:
    return {RANDOM: RandomStream(7), WALL_CLOCK: lambda: NOON, **names}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ user.age }}", 41),
        ("{{user}}", {"age": 41, "items": "books", "name": "Ann"}),
        ("{{ user.items }}", "books"),
        ("{{ user.age }} years", "41 years"),
        (" {{ user.age }}", " 41"),
        ("{{ user.age }}{{ user.age }}", "4141"),
        ("{% if user.age > 40 %}old{% endif %}", "old"),
        ("{{ none_at_all }}", None),
        ("{{ '{{' }}", "{{"),
        ("{{ 1 + 2 }}", 3),
        ("no hole\n", "no hole\n"),
        ("a{# note #}b", "ab"),
    ],
)
def test_a_single_hole_keeps_its_type_and_everything_else_is_text(text: str, expected: Any) -> None:
    row = {"age": 41, "items": "books", "name": "Ann"}
    value = compile_template(text).render(scope(user=row, none_at_all=None))
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "text", ["plain", "a{# note #}b", "{{ '{{' }}", "{{ 'a' ~ 'b' }}", "{% raw %}{{x}}{% endraw %}"]
)
def test_what_is_the_same_everywhere_is_static(text: str) -> None:
    assert compile_template(text).is_static


@pytest.mark.parametrize(
    "text", ["{{ x }}", "{{ uuid() }}", "{% for n in range(2) %}.{% endfor %}", "{{ [1, 2]|random }}"]
)
def test_what_reads_a_name_or_draws_a_value_is_not_static(text: str) -> None:
    assert not compile_template(text).is_static


@pytest.mark.parametrize(
    "text", ["{{ nobody }}", "{{ user.nobody }}", "x {{ nobody }}", "{{ user.age.more.yet }}", "{{ 1/0*x }}"]
)
def test_an_undefined_name_or_a_failing_expression_is_a_template_error_that_shows_the_text(text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(text).render(scope(user={"age": 1}, x=1))
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["{{ uuid }}", "at {{ now }}", "{{ user.keys }}"])
def test_a_function_without_parentheses_is_an_error_that_says_so(text: str) -> None:
    with pytest.raises(TemplateError, match=r"call it with \(\)"):
        compile_template(text).render(scope(user={}))


@pytest.mark.parametrize("text", ["{{ x", "{{ }}", "{% if %}", "{{ x + }}"])
def test_a_mistake_is_found_when_it_is_compiled(text: str) -> None:
    with pytest.raises(TemplateError, match="not a valid template"):
        compile_template(text)


@pytest.mark.parametrize(
    "text",
    ["{{ ''.__class__.__mro__ }}", "{{ x.append(1) }}", "{{ '{0.__class__}'.format(x) }}", "{{ lipsum() }}"],
)
def test_the_sandbox_lets_nothing_out_and_nothing_be_changed(text: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(text).render(scope(x=[]))


@given(st.text())
def test_a_value_that_is_filled_in_is_never_read_as_a_template(value: str) -> None:
    assert compile_template("<{{ user.name }}>").render(scope(user={"name": value})) == f"<{value}>"


@given(st.text() | st.integers() | st.booleans())
def test_a_hole_inside_a_mapping_survives_json_with_any_value(value: Any) -> None:
    body = compile_value({"name": "{{ user.name }}", "note": "Dear {{ user.name }}"})
    rendered = json.loads(json.dumps(body.render(scope(user={"name": value}))))
    assert rendered == {"name": value, "note": f"Dear {value}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{response.status == 'success'}}", True),
        ("response.status == 'success'", True),
        (" {{ not response.ok }} ", True),
        ("{{ response.flag }}", True),
        ("response.missing is defined", False),
        ("response.empty", False),
        ("vu.iteration % 2 == 0", True),
    ],
)
def test_a_condition_is_evaluated_and_never_rendered(text: str, expected: bool) -> None:
    response = {"status": "success", "ok": False, "flag": "False", "empty": []}
    assert Condition(text).holds(scope(response=response, vu={"iteration": 4})) is expected


@pytest.mark.parametrize("text", ["{{ a }} and {{ b }}", "{% if a %}1{% endif %}", "", "x {{ a }}"])
def test_a_condition_is_one_expression(text: str) -> None:
    with pytest.raises(TemplateError):
        Condition(text)


def test_a_condition_is_strict_about_undefined_names() -> None:
    with pytest.raises(TemplateError, match="nobody"):
        Condition("nobody").holds(scope())


@pytest.mark.parametrize("text", ["{{ ([] | last) and x }}", "{{ ([] | first) ~ x }}"])
def test_a_mistake_in_what_is_constant_is_reported_when_it_is_compiled(text: str) -> None:
    """Jinja computes constants while it looks for names, and lets out what they raise."""
    with pytest.raises(TemplateError):
        names_in(text)
    with pytest.raises(TemplateError):
        compile_template(text)


@pytest.mark.filterwarnings("error")
def test_python_warns_of_nothing_in_a_template() -> None:
    assert compile_template("{{ x or (3)[0] }}").render({"x": 1}) == 1


@pytest.mark.parametrize("value", ["[1].__class__", "[[1].__class__]", "{'a': [x.missing]}", "x.missing", "[(x, y)]"])
def test_a_value_that_holds_something_undefined_is_an_error_of_its_template(value: str) -> None:
    template = compile_template(f"{{{{ {value} if x else x }}}}")
    with pytest.raises(TemplateError, match=r"undefined|unsafe|no attribute"):
        template.render({"x": {"b": 1}})
