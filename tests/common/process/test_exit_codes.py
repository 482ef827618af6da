"""Every exit code is decided in one module: of verdicts, of errors, and where a result could not be written."""

import pytest

from gradual_common.errors import GradualError, PlanError, UnitError
from gradual_common.process.exit_codes import Status, of_lost_results, of_verdict


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


@pytest.mark.parametrize(("code", "then"), [(0, 3), (1, 3), (2, 2), (3, 3), (130, 130), (143, 143)])
def test_results_that_are_lost_are_not_done_unless_the_code_says_more(code: int, then: int) -> None:
    assert of_lost_results(code) == then


def test_an_error_names_its_exit_code() -> None:
    assert (GradualError.exit_code, PlanError.exit_code, UnitError.exit_code) == (3, 2, 2)
