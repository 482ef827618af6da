"""What speaks against a level is told in words, and failures of a step that always fails speak against that step."""

from dataclasses import replace

import pytest
from simulated_run import simulated_run

from gradual_master.reporting.text.level_notes import always_failing, notes_of, remarks_of
from gradual_master.results.judging.levels import LevelRow


@pytest.fixture(scope="module")
def level() -> LevelRow:
    return replace(simulated_run(seconds=24, actions=2).levels[3], marks=(), failing=(), failing_always=())


def test_a_level_that_nothing_speaks_against_has_no_note(level: LevelRow) -> None:
    assert notes_of(level) == ()


def test_every_mark_has_its_words(level: LevelRow) -> None:
    marks = ("failures", "missing", "saturated", "unaccounted")
    failing = {"failing": ("a / pay", "a / dead"), "failing_always": ("a / dead",)}
    marked = replace(level, warm_up=True, marks=marks, **failing)
    remarks = ("warm-up", "missing users", "saturated", "unaccounted time")
    assert remarks_of(marked) == remarks
    assert notes_of(marked) == (*remarks, "failures: a / pay")


def test_steps_that_always_fail_are_named_once_for_all_levels(level: LevelRow) -> None:
    rows = [replace(level, failing_always=("a / dead",)), level, replace(level, failing_always=("b / gone",))]
    assert always_failing(rows) == {"a / dead", "b / gone"}
    assert always_failing([level]) == frozenset()
