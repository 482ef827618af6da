"""`gradual baseline`, from its words to what it prints and leaves in the store."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from stored_runs import measured_summary
from typer.testing import CliRunner, Result

from gradual.cli.app import app
from gradual_master.errors import StoreInputError, SummaryRefusedError
from gradual_master.reporting.jsonfile import render_json
from gradual_master.store.opening import open_store
from gradual_master.store.runs import add_run

Gradual = Callable[..., Result]
FACTORS = (1.0, 1.02, 0.98, 1.01)
IDS = [measured_summary(number).run.id for number in range(60)]


@pytest.fixture
def gradual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gradual:
    """Call a command in a folder whose store has runs 0 to 3 of one plan, and run 4 of another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADUAL_STORE", "runs.sqlite")
    with open_store(tmp_path / "runs.sqlite", creates=True).writing() as connection:
        for number, factor in enumerate(FACTORS):
            add_run(connection, measured_summary(number, factor))
        add_run(connection, measured_summary(4, load_sha256="e" * 64))
    return lambda *words: CliRunner().invoke(app, list(words), catch_exceptions=False)


def test_a_baseline_of_stored_runs_has_their_variation(gradual: Gradual) -> None:
    result = gradual("baseline", "set", "main", *IDS[:3])
    assert result.stdout.splitlines()[:2] == [
        "baseline main: 3 runs",
        "A/A variation: what runs of the same system differ by (standard deviation, 3 runs)",
    ]
    (shown,) = json.loads(gradual("baseline", "list", "--json").stdout)["baselines"]
    assert [run["id"] for run in shown["runs"]] == IDS[:3]
    # The deviation of ln 1, ln 1.02 and ln 0.98.
    assert shown["variations"]["p95"] == {"standard_deviation": pytest.approx(0.020003, rel=1e-3), "runs": 3}
    assert shown["variations"]["error_rate"]["standard_deviation"] == 0


def test_the_runs_of_files_are_put_into_the_store(gradual: Gradual, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(render_json(measured_summary(9)))
    assert gradual("baseline", "set", "main", "other.json", IDS[0]).exit_code == 0
    assert IDS[9] in gradual("runs").stdout
    assert gradual("baseline", "show", "main").stdout.index(IDS[0]) < gradual("baseline", "show", "main").stdout.index(
        IDS[9]
    )


def test_the_first_command_of_a_store_makes_it(gradual: Gradual, tmp_path: Path) -> None:
    (tmp_path / "first.json").write_text(render_json(measured_summary(9)))
    result = gradual("baseline", "set", "main", "./first.json", "--store", "new.sqlite")
    assert result.stdout == "baseline main: 1 run\n"
    assert "with one run nobody knows how much two runs of the same system differ" in result.stderr
    assert (tmp_path / "new.sqlite").exists()


def test_baselines_are_listed_and_removed(gradual: Gradual) -> None:
    assert "no baseline is in" in gradual("baseline", "list").stderr
    gradual("baseline", "set", "main", IDS[0], IDS[1])
    header, row = gradual("baseline", "list").stdout.splitlines()
    assert header.split() == ["BASELINE", "SET", "(UTC)", "RUNS", "PLAN"]
    assert (row.split()[0], row.split()[-2:]) == ("main", ["2", "checkout"])
    assert (
        gradual("baseline", "remove", "main").stdout == "removed: the baseline main; its runs are still in the store\n"
    )
    assert IDS[0] in gradual("runs").stdout


def test_a_baseline_shows_where_its_level_changed(gradual: Gradual, tmp_path: Path) -> None:
    with open_store(tmp_path / "runs.sqlite").writing() as connection:
        for number in range(10, 30):
            slower = 1.0 if number < 20 else 1.2
            add_run(connection, measured_summary(number, slower * (1 + 0.001 * (number % 3))))
    gradual("baseline", "set", "main", *IDS[10:30])
    shown = gradual("baseline", "show", "main").stdout
    assert f"- p95 of the response time: 90.1 ms before, 108 ms (+20.0 %) from {IDS[20]} on (p = 0.001)." in shown
    assert "error rate" in shown
    (drawn,) = [line for line in shown.splitlines() if line.startswith("  p95") and "│" in line]
    before, after = drawn.split()[-1].split("│")
    assert len(before) == len(after) == 10
    assert max(before) < min(after)
    document = json.loads(gradual("baseline", "show", "main", "--json").stdout)
    (p95,) = [found for found in document["history"] if found["metric"] == "p95"]
    assert [point["index"] for point in p95["change_points"]] == [10]


def test_a_baseline_of_few_runs_has_no_history(gradual: Gradual) -> None:
    gradual("baseline", "set", "main", *IDS[:3])
    assert "History: 3 runs; from 10 on a change can be shown at 1 %." in gradual("baseline", "show", "main").stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["main", IDS[0], IDS[4]], "these runs make no baseline main: "),
        (["main", IDS[0], IDS[4]], "ran another plan than"),
        (["main", IDS[0], IDS[0]], "Give every run once"),
        (["main", "absent.json"], "absent.json cannot be read: No such file"),
        (["main", "deep.json"], "deep.json is no JSON file: maximum recursion"),
        (["main", "huge.json"], f"the run {IDS[9]} cannot be stored: "),
        (["main", "2025"], "no run's id begins with '2025'"),
        (["a/b", IDS[0]], "'a/b' cannot be the name of a baseline"),
    ],
)
def test_runs_that_make_no_baseline_are_refused_and_nothing_is_stored(
    gradual: Gradual, words: list[str], reason: str, tmp_path: Path
) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    huge = measured_summary(9)
    levels = (replace(huge.levels[0], target=1e30),)
    (tmp_path / "huge.json").write_text(render_json(replace(huge, levels=levels)))
    with pytest.raises((StoreInputError, SummaryRefusedError)) as caught:
        gradual("baseline", "set", *words)
    assert reason in str(caught.value)
    assert gradual("baseline", "list").stdout == ""


@pytest.mark.parametrize(
    ("part", "key", "value", "reason"),
    [
        ("verdict", "status", "invalid", "the run is invalid, so that its values are not the system's"),
        ("run", "fingerprint", None, "its machine was not recorded"),
        (None, "levels", [], "has no level with users that was measured"),
    ],
)
def test_a_run_that_no_run_can_be_compared_with_makes_no_baseline_alone(
    gradual: Gradual, tmp_path: Path, part: str | None, key: str, value: object, reason: str
) -> None:
    document = measured_summary(9).to_dict()
    (document if part is None else document[part])[key] = value
    (tmp_path / "alone.json").write_text(json.dumps(document))
    with pytest.raises(StoreInputError, match=reason):
        gradual("baseline", "set", "main", "alone.json")
    assert IDS[9] not in gradual("runs").stdout
