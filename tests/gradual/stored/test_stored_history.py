"""The history of a baseline says that nothing changed only where a change could be shown."""

from dataclasses import dataclass

import pytest

from gradual.stored.history import MIN_RUNS, history_lines
from gradual_master.analysis.change_points import find_change_points
from gradual_master.comparing.history import MetricHistory


@dataclass
class NamedRun:
    """What the history reads of a stored run."""

    id: str


def lines_of(values: list[float]) -> list[str]:
    history = MetricHistory("p95", tuple(values), find_change_points(values))
    return list(history_lines([history], [NamedRun(str(place)) for place in range(len(values))]))  # type: ignore[misc]


def step(runs: int, spread: float) -> list[float]:
    half = runs // 2
    return [100 + spread * (n * 7 % 5) for n in range(half)] + [150 + spread * (n * 3 % 5) for n in range(runs - half)]


@pytest.mark.parametrize("spread", [0.0, 0.1, 1.0])
def test_a_clear_step_is_found_from_the_least_number_of_runs_on(spread: float) -> None:
    for runs in range(MIN_RUNS, 2 * MIN_RUNS):
        assert [point.index for point in find_change_points(step(runs, spread))] == [runs // 2]


def test_with_fewer_runs_not_even_a_clear_step_could_be_found() -> None:
    values = step(MIN_RUNS - 1, 0.1)
    assert find_change_points(values) == ()
    assert lines_of(values) == ["History: 9 runs; from 10 on a change can be shown at 1 %."]


def test_a_steady_level_is_said() -> None:
    assert (
        lines_of([100.0 + n % 3 for n in range(MIN_RUNS)])[-1]
        == "- No change of the level was found (E-divisive, 1 %)."
    )
