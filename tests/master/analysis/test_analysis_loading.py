"""When the numerical library is loaded: for runs that may need it, and for no others."""

import subprocess
import sys

import pytest

from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Level, Schedule
from gradual_master.analysis.loading import is_needed


def schedule_of(*lengths_and_targets: tuple[int, int]) -> Schedule:
    """Levels one after another, each of a number of seconds and users."""
    levels, start = [], 0
    for number, (seconds, target) in enumerate(lengths_and_targets):
        levels.append(Level(number, 0, start, start + seconds * NS_PER_S, target))
        start = levels[-1].end
    return Schedule((), tuple(levels), (), start, ("g",))


@pytest.mark.parametrize(
    ("levels", "needed"),
    [
        ([(10, 5)], False),
        ([(49, 5), (49, 10)], False),
        ([(50, 5)], True),
        ([(5, users) for users in (1, 2, 3, 4, 5)], False),
        ([(5, users) for users in (1, 2, 3, 4, 5, 6)], True),
        ([(5, users) for users in (1, 2, 1, 2, 1, 2)], False),
        ([(5, users) for users in (0, 1, 2, 3, 4, 5)], False),
    ],
)
def test_a_long_level_or_six_different_ones_may_be_analysed(levels: list[tuple[int, int]], needed: bool) -> None:
    assert is_needed(schedule_of(*levels)) is needed


def test_no_command_loads_it_by_being_imported() -> None:
    program = "import sys, gradual_master.run.conduct, gradual.cli.run; sys.exit('scipy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
