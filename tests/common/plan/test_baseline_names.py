"""The names of baselines: a word of a command line is a name or a file, never both."""

import pytest
from plan_samples import load, only_mistake, small

from gradual_common.plan.model.baselines import names_a_file


def test_a_word_with_a_slash_or_the_ending_of_json_is_a_file() -> None:
    assert [names_a_file(word) for word in ("./a", "a.json", "/tmp/a", "main", "1.2-rc_1")] == [True] * 3 + [False] * 2


def test_a_plan_names_its_baseline() -> None:
    assert load(small(config__baseline="v1.2-rc")).plan.config.baseline == "v1.2-rc"
    assert load(small()).plan.config.baseline is None


@pytest.mark.parametrize("name", ["a b", "a.json", "./a", "none", ""])
def test_a_name_that_a_command_line_would_take_for_something_else_is_a_mistake(name: str) -> None:
    found = only_mistake(small(config__baseline=name))
    assert "config.baseline: " in found
    assert "a baseline cannot have this name; allowed: letters, digits" in found


def test_the_baseline_is_no_part_of_the_load() -> None:
    plain, compared = load(small()), load(small(config__baseline="main"))
    assert plain.load_sha256 == compared.load_sha256
    assert plain.sha256 != compared.sha256
