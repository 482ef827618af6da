"""Names of rows: each is given once, and those that need no number have none."""

from hypothesis import given
from hypothesis import strategies as st

from gradual_master.reporting.text.unique_names import distinct


@given(st.lists(st.sampled_from(["a", "b", "a (2)", "a (2) (2)", ""])))
def test_every_name_is_given_once_and_begins_as_it_was(names: list[str]) -> None:
    given_names = list(distinct(names))
    assert len(set(given_names)) == len(given_names) == len(names)
    assert all(name.startswith(was) for name, was in zip(given_names, names, strict=True))


def test_only_a_name_that_was_there_gets_a_number() -> None:
    assert list(distinct(["a", "b", "a", "a", "c"])) == ["a", "b", "a (2)", "a (3)", "c"]
