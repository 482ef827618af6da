"""Paths are shown as people write them; what is not there is not found."""

from gradual_common.language.document import EACH, Document, Mark, attempt, list_at, mapping_at, places, texts_in

ROOT = {"users": [{"name": "a b", "behavior": [{"action": "x", "name": "y"}]}, {"name": "guest"}], "n": 1}


def test_entries_of_lists_are_shown_by_name_and_steps_by_place() -> None:
    document = Document(ROOT, "p")
    assert document.show(("users", 1, "concurrency")) == "users.guest.concurrency"
    assert document.show(("users", 0, "behavior", 0, "name")) == 'users."a b".behavior[0].name'
    assert document.show(("users", 7)) == "users[7]"


def test_a_replaced_value_was_brought_by_the_option() -> None:
    document = Document(ROOT, "p", {("n",): Mark("p", 3), ("users", 0): Mark("p", 1), ("users",): Mark("p", 1)})
    document.replace_mark(("users",), Mark("--set"))
    assert document.mark(("users", 0, "name")) == Mark("--set")
    assert document.mark(("n",)) == Mark("p", 3)


def test_a_problem_carries_file_line_and_path() -> None:
    document = Document(ROOT, "p", {("users", 1): Mark("p", 4)})
    assert str(document.problem(("users", 1, "x"), "is wrong", "do this")) == "p:4: users.guest.x: is wrong (do this)"


def test_lookups_give_something_empty_where_the_shape_is_wrong() -> None:
    assert mapping_at(ROOT, "users", 1) == {"name": "guest"}
    assert mapping_at(ROOT, "n", "x") == {}
    assert mapping_at(None, "x") == {}
    assert list_at(ROOT, "users", 0, "behavior") == [{"action": "x", "name": "y"}]
    assert list_at(ROOT, "n") == []


def test_an_attempt_gives_none_for_what_cannot_be_read() -> None:
    assert attempt(int, "5") == 5
    assert attempt(int, "x") is None


def test_all_texts_are_found_keys_too() -> None:
    assert list(texts_in({"a": ["b", 1, {"c": "d"}]}, ("r",))) == [
        (("r", "a"), "a"),
        (("r", "a", 0), "b"),
        (("r", "a", 2, "c"), "c"),
        (("r", "a", 2, "c"), "d"),
    ]


def test_places_of_a_pattern_are_found_with_their_paths() -> None:
    assert list(places(ROOT, "users", EACH, "name")) == [(("users", 0, "name"), "a b"), (("users", 1, "name"), "guest")]
    steps = list(places(ROOT, "users", EACH, "behavior", EACH, "action"))
    assert steps == [(("users", 0, "behavior", 0, "action"), "x")]
    assert list(places({"data": {"a": 1, "b": 2}}, "data", EACH)) == [(("data", "a"), 1), (("data", "b"), 2)]
    assert list(places(ROOT, "n", EACH)) == list(places(ROOT, "nothing", "n")) == []
    assert list(places(ROOT)) == [((), ROOT)]
