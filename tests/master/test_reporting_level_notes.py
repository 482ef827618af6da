"""What speaks against a level is told in words, and failures of a step that always fails speak against that step."""

from dataclasses import replace

import pytest
from simulated_run import simulated_run

from gradual_master.reporting.level_notes import always_failing, notes_of, remarks_of
from gradual_master.results.levels import LevelRow


@pytest.fixture(scope="module")
def level() -> LevelRow:
    return replace(simulated_run(seconds=24, actions=2).levels[3], marks=(), failing=())


def test_a_level_that_nothing_speaks_against_has_no_note(level: LevelRow) -> None:
    assert notes_of(level, frozenset()) == ()


def test_every_mark_has_its_words(level: LevelRow) -> None:
    marked = replace(
        level, warm_up=True, marks=("failures", "missing", "saturated", "unaccounted"), failing=("a / pay", "a / dead")
    )
    remarks = ("warm-up", "missing users", "saturated", "unaccounted time")
    assert remarks_of(marked) == remarks
    assert notes_of(marked, frozenset({"a / dead"})) == (*remarks, "failures: a / pay")


def test_steps_that_fail_at_every_level_at_which_anything_was_asked_are_apart(level: LevelRow) -> None:
    rows = [replace(level, failing=("a / dead", "a / pay")), replace(level, failing=("a / dead",))]
    idle = replace(level, requests=0)
    assert always_failing([*rows, idle]) == {"a / dead"}
    assert always_failing([*rows, level]) == frozenset()
    assert always_failing([idle]) == frozenset()
