"""Every exit code is decided in one module: of verdicts, of errors, and where a result could not be written."""

import re

import pytest

from gradual_common.errors import GradualError, PlanError, UnitError
from gradual_common.process.exit_codes import NAMED, Status, of_lost_results, of_verdict, read_changes


@pytest.mark.parametrize(
    ("status", "stop_signal", "code"),
    [
        ("passed", None, 0),
        ("failed", None, 1),
        ("invalid", None, 3),
        ("interrupted", "interrupt", 130),
        ("interrupted", "terminate", 143),
    ],
)
def test_a_verdict_has_its_exit_code(status: Status, stop_signal: str | None, code: int) -> None:
    assert of_verdict(status, stop_signal) == code


@pytest.mark.parametrize(("code", "then"), [(0, 3), (1, 3), (2, 2), (3, 3), (130, 130), (143, 143), (99, 99)])
def test_results_that_are_lost_are_not_done_unless_the_code_says_more(code: int, then: int) -> None:
    assert of_lost_results(code) == then


def test_the_ends_of_a_run_have_names() -> None:
    pairs = [(name, str(number)) for number, name in enumerate(NAMED)]
    assert read_changes(pairs) == {1: 0, 3: 1, 130: 2, 143: 3}
    assert read_changes([("failed", "255")]) == {1: 255}
    assert read_changes([]) == {}


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("passed", "1")], "there is no end of a run called 'passed'; there are failed, invalid, interrupted"),
        ([("failed", "9"), ("failed", "9")], "failed is given twice; give each name once"),
        ([("failed", "256")], "failed=256 is not an exit code; write a whole number from 0 to 255"),
        ([("failed", "-1")], "failed=-1 is not an exit code"),
        ([("failed", "1.0")], "failed=1.0 is not an exit code"),
        ([("failed", "")], "failed= is not an exit code"),
        ([("failed", "٣")], "failed=٣ is not an exit code"),
    ],
)
def test_a_wrong_change_is_refused(pairs: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}"):
        read_changes(pairs)


def test_an_error_names_its_exit_code() -> None:
    assert (GradualError.exit_code, PlanError.exit_code, UnitError.exit_code) == (3, 2, 2)
