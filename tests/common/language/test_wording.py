"""Messages offer similar names, and say what was found in words."""

import pytest

from gradual_common.language.wording import kind_of, listed, nearest


def test_the_nearest_name_is_offered_only_when_it_is_near() -> None:
    assert nearest("logn", ["login", "logout"]) == "did you mean 'login'?"
    assert nearest("register", ["login", "logout"]) == ""
    assert nearest("x", []) == ""


@pytest.mark.parametrize(
    ("value", "kind"), [({}, "a mapping"), ([1], "a list"), (None, "nothing"), ("x", "'x'"), (5, "5"), (True, "True")]
)
def test_what_was_found_is_said_in_words(value: object, kind: str) -> None:
    assert kind_of(value) == kind


def test_names_are_listed() -> None:
    assert listed({"a": 1, "b": 2}) == "a, b"
