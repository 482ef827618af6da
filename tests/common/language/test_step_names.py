"""Steps have names: written, or by their action; equal ones are numbered, unless they are meant to be one row."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.language.step_names import entries_of, name_steps, name_steps_of, names_of


def test_names_of_steps_are_made_unique() -> None:
    assert name_steps(["a", "b", "a", "a"]) == ["a", "b", "a#2", "a#3"]
    assert name_steps(["a", "a", "a#2"]) == ["a", "a#3", "a#2"]


@given(st.lists(st.sampled_from(["a", "b", "a#2", "a#3", "b#2"])))
def test_names_of_steps_are_unique_and_the_first_of_each_stays(names: list[str]) -> None:
    unique = name_steps(names)
    assert len(set(unique)) == len(unique) == len(names)
    for name in set(names):
        assert unique[names.index(name)] == name


def names(group: dict[str, Any]) -> list[str]:
    return list(names_of(entries_of(group)).values())


@pytest.mark.parametrize(
    ("behavior", "expected"),
    [
        (["a", "a"], ["a", "a#2"]),
        ([{"action": "a", "name": "x"}, {"action": "a", "name": "x"}], ["x", "x"]),
        ([{"action": "a", "name": "x"}, {"action": "b", "name": "x"}], ["x", "x#2"]),
        (
            [{"repeat": 2, "steps": ["a", {"if": "x", "steps": ["a"], "else": ["b"]}]}],
            ["repeat", "a", "if", "a#2", "b"],
        ),
        ([{"choose": [{"weight": 1, "steps": ["a"]}, {"weight": 1, "steps": ["b"]}]}], ["a", "b"]),
        ([{"poll": "a", "until": "x"}, {"poll": {"action": "a"}, "until": "x"}], ["a", "a#2"]),
        ([{"parallel": ["a", "b"]}, {"sleep": "1s"}, {"set": {"x": 1}}], ["a", "b", "set"]),
    ],
)
def test_a_name_is_written_or_that_of_the_action(behavior: list[Any], expected: list[str]) -> None:
    assert names({"behavior": behavior}) == expected


def test_steps_of_one_name_are_one_row_only_within_a_section() -> None:
    step = {"action": "a", "name": "x"}
    assert names({"on_start": [step], "behavior": [step]}) == ["x", "x#2"]


def test_a_group_is_named_on_every_level_and_the_plan_stays_as_it_was() -> None:
    group = {"name": "g", "behavior": ["a", {"while": "x", "max": 2, "steps": ["a", {"action": "b"}]}]}
    named = name_steps_of(group)
    inner = named["behavior"][1]["steps"]
    assert [step["name"] for step in (named["behavior"][0], *inner)] == ["a", "a#2", "b"]
    assert group["behavior"][1]["steps"] == ["a", {"action": "b"}]


@pytest.mark.parametrize("wrong", [None, 7, [7, None, {"repeat": 1, "if": "x"}], [{"choose": 3}], [{"steps": "a"}]])
def test_what_is_no_list_of_steps_is_left_for_the_model_to_report(wrong: Any) -> None:
    assert name_steps_of({"behavior": wrong})["behavior"] == wrong
