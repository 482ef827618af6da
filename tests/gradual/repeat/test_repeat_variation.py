"""What runs of one system differ by, and from which change on a comparison could call it one."""

import json
import math
import statistics

import pytest
from compared_summaries import document, level

from gradual.repeat.variation import find_variation, print_variation
from gradual_master.comparing.reading import read_run

FACTORS = (1.0, 1.04, 0.97)
RUNS = [read_run(document(f"run-{factor}", factor)) for factor in FACTORS]


def test_the_variation_is_that_of_the_runs() -> None:
    found = find_variation(RUNS)
    mean = next(metric for metric in found.metrics if metric.metric == "mean")
    deviation = statistics.stdev(map(math.log, FACTORS))
    assert mean.standard_deviation == pytest.approx(deviation)
    assert mean.mean == pytest.approx(50 * statistics.geometric_mean(FACTORS))
    assert mean.min_change == pytest.approx(math.expm1(2 * deviation)), "twice the variation is more than 5 %"
    assert (found.levels, len(found.metrics)) == ((10, 20), 6)


def test_quiet_runs_tell_changes_of_five_per_cent() -> None:
    found = find_variation([read_run(document("a")), read_run(document("b"))])
    assert {round(metric.min_change, 6) for metric in found.metrics} == {0.05, 0.005}


def test_the_table_has_a_row_for_each_metric(capsys: pytest.CaptureFixture[str]) -> None:
    print_variation(find_variation(RUNS), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Variation of 3 runs at 10, 20 users"
    assert lines[2].split("  ")[0] == "metric"
    assert lines[4].split() == ["mean", "response", "50.1", "ms", "3.5", "%", "7.2", "%"]
    assert len(lines) == 9


def test_json_has_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    print_variation(find_variation(RUNS), as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], len(found["runs"])) == ("gradual.variation/1", 3)
    assert found["metrics"][5]["metric"] == "error_rate"


def test_a_level_with_missing_users_has_no_variation() -> None:
    runs = [read_run(document(name, levels=[level(2, marks=["missing"])])) for name in "ab"]
    assert find_variation(runs).metrics == ()


@pytest.mark.parametrize("runs", [RUNS[:1], []])
def test_one_run_has_no_variation(runs: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    print_variation(find_variation(runs), as_json=False)  # type: ignore[arg-type]  # slices of RUNS
    assert "a variation needs two" in capsys.readouterr().out
