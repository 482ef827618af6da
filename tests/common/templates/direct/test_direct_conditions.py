"""Conditions that only read and compare: which ones they are, and when Jinja decides."""

from typing import Any

import pytest

from gradual_common.errors import TemplateError
from gradual_common.randomness import RandomStream
from gradual_common.templates.direct.holes import UnexpectedError
from gradual_common.templates.functions import RANDOM
from gradual_common.templates.templates import Condition

SCOPE: dict[str, Any] = {
    RANDOM: RandomStream(7),
    "code": 200,
    "state": "done",
    "none_yet": None,
    "user": {"age": 5, "items": [1, 2], "empty": []},
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("code == 200", True),
        ("code != 200", False),
        ("100 < code <= 200", True),
        ("100 < code < 200", False),
        ("{{ state == 'done' and code < 300 }}", True),
        ("state == 'open' or not code", False),
        ("'on' in state", True),
        ("'on' not in state", False),
        ("user['items'][1] >= 2.0", True),
        ("user['items']", True),
        ("user.empty", False),
        ("not user.empty", True),
        ("none_yet == none", True),
        ("-1 < user.age", True),
        ("true", True),
    ],
)
def test_comparisons_of_what_is_read_are_direct(text: str, holds: bool) -> None:
    condition = Condition(text)
    assert condition._direct is not None
    assert condition._direct(SCOPE) is holds


@pytest.mark.parametrize(
    "text",
    ["code + 1 > 200", "code | string == '200'", "user.age is defined", "random_int(1, 2) == 1", "[] == user.empty",
     "state.upper() == 'DONE'", "code if state else 0", " and ".join(["code"] * 30)],
)  # fmt: skip
def test_other_conditions_are_left_to_jinja(text: str) -> None:
    condition = Condition(text)
    assert condition._direct is None
    assert condition.holds({**SCOPE}) in (True, False)


@pytest.mark.parametrize(
    ("text", "holds"),
    [("state == 'done' or unknown", True), ("user.items == user['items']", True), ("1 in user['items']", True)],
)
def test_jinja_decides_where_a_value_is_not_there_or_is_none_of_the_usual_types(text: str, holds: bool) -> None:
    condition = Condition(text)
    assert condition._direct is not None
    with pytest.raises((KeyError, UnexpectedError)):
        condition._direct(SCOPE)
    assert condition.holds(SCOPE) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [("unknown == 1", "'unknown' is undefined"), ("state < 5", "'<' not supported"), ("5 in code", "not iterable")],
)
def test_a_fault_is_said_as_by_jinja(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        Condition(text).holds(SCOPE)


def test_a_number_of_thousands_of_digits_is_a_mistake_or_compared() -> None:
    try:
        condition = Condition(f"code < 0x{'f' * 5000}")
    except TemplateError:
        return
    assert condition.holds(SCOPE) is True
