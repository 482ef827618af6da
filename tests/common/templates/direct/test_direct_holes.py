"""Holes that only read: which ones they are, and when Jinja takes over."""

from typing import Any

import pytest

from gradual_common.errors import TemplateError
from gradual_common.randomness import RandomStream
from gradual_common.templates.budget import MAX_TEXT_LENGTH
from gradual_common.templates.direct.holes import Constant, FunctionCall, Lookup, Record
from gradual_common.templates.functions import RANDOM
from gradual_common.templates.templates import Template


class Person(Record):
    __slots__ = ("name",)

    def __init__(self) -> None:
        self.name = "Ann"


def scope(**names: Any) -> dict[str, Any]:
    return {RANDOM: RandomStream(7), "user": {"name": "a", "items": [1, {"x": 2.5}]}, "person": Person(), **names}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("{{ user }}", (Lookup("user"),)),
        ("{{ user.name }}", (Lookup("user", ("name",)),)),
        ("a{{ user['items'][1].x }}b", ("a", Lookup("user", ("items", 1, "x")), "b")),
        ("{{ uuid() }}", (FunctionCall("uuid", ()),)),
        ("{{ random_int(1, user.b) }}", (FunctionCall("random_int", (Constant(1), Lookup("user", ("b",)))),)),
        ("{{ base64(sha256(token)) }}", (FunctionCall("base64", (FunctionCall("sha256", (Lookup("token"),)),)),)),
    ],
)
def test_holes_that_read_and_call_are_direct(text: str, pieces: tuple[Any, ...]) -> None:
    assert Template(text).pieces == pieces


@pytest.mark.parametrize(
    "text",
    ["{{ user.name | upper }}", "{{ a + 1 }}", "{{ a or b }}", "{{ user.name.upper() }}", "{{ user[key] }}",
     "{{ user._x }}", "{{ user[true] }}", "{{ random_int(low=1, high=2) }}", "{{ random_int(*pair) }}",
     "{{ range(3) }}", "{% if a %}{{ a }}{% endif %}", "{{ a }}{{ b | int }}"],
)  # fmt: skip
def test_other_holes_are_left_to_jinja(text: str) -> None:
    assert Template(text).pieces is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ user.name }}", "a"),
        ("{{ user.items[1].x }}", 2.5),
        ("{{ user['items'][0] }}", 1),
        ("{{ person.name }}", "Ann"),
        ("<{{ user['items'][0] }}{{ person.name }}>", "<1Ann>"),
        ("{{ user['items'] }}", [1, {"x": 2.5}]),
        ("{{ random_int(3, 3) }}", 3),
    ],
)
def test_the_value_is_that_of_the_hole(text: str, value: Any) -> None:
    assert Template(text).render(scope()) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ missing }}", "'missing' is undefined"),
        ("{{ user.missing }}", "has no attribute 'missing'"),
        ("{{ person.missing }}", "has no attribute 'missing'"),
        ("{{ user['items'][7] }}", "has no element 7"),
        ("{{ random_int(2, 1) }}", "the lower bound comes first"),
        ("a{{ uuid(1) }}", "takes 1 positional argument"),
    ],
)
def test_a_fault_has_the_message_of_jinja(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message.replace("(", r"\(")):
        Template(text).render(scope())


def test_when_jinja_takes_over_the_same_values_are_drawn() -> None:
    text = "{{ random_int(1, 1000000) }} {{ random_choice(lists) }}"
    drawn = Template(text).render(scope(lists=[[5]]))
    assert drawn == f"{RandomStream(7).integer(1, 1_000_000)} [5]"


def test_a_variable_hides_a_function() -> None:
    with pytest.raises(TemplateError, match="'str' object is not callable"):
        Template("{{ uuid() }}").render(scope(uuid="mine"))


def test_self_is_jinjas_name_for_the_template() -> None:
    assert Template("{{ self.name }}").pieces is None
    with pytest.raises(TemplateError, match="TemplateReference"):
        Template("{{ self.name }}").render(scope(self={"name": "a"}))


@pytest.mark.parametrize("text", ["{{ base64(big) }}", "a{{ base64(big) }}", "{{ sha256(base64(big)) }}"])
def test_what_calls_make_is_counted(text: str) -> None:
    with pytest.raises(TemplateError, match="it makes more than"):
        Template(text).render(scope(big="a" * (7 * MAX_TEXT_LENGTH // 8)))
