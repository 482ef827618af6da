"""From `--baseline` and `config.baseline` to the runs that a run is compared with."""

from pathlib import Path
from typing import Any

import pytest
from stored_runs import measured_summary

from gradual_common.process.exit_codes import FailOn
from gradual_master.analysis.comparison.runs import AaVariation
from gradual_master.command_line.baseline import baseline_of
from gradual_master.errors import GradualError, StoreInputError, SummaryRefusedError
from gradual_master.reporting.jsonfile import render_json
from gradual_master.store.baselines import set_baseline
from gradual_master.store.opening import open_store
from gradual_master.store.runs import add_run

IDS = [measured_summary(number).run.id for number in range(3)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a store that has the baseline `main`, and with two summaries."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADUAL_STORE", "runs.sqlite")
    with open_store(tmp_path / "runs.sqlite", creates=True).writing() as connection:
        for number in range(3):
            add_run(connection, measured_summary(number))
        set_baseline(connection, "main", IDS[:2], {"p95": AaVariation(0.01, 2)}, "2026-11-28T10:00:00+00:00")
    for number in (5, 6):
        (tmp_path / f"{number}.json").write_text(render_json(measured_summary(number)))
    return tmp_path


def found(*words: str, of_plan: str | None = None, store: str | None = None, fail_on: FailOn = "regression") -> Any:
    return baseline_of(words, of_plan, store, fail_on)


def test_a_name_is_a_baseline_of_the_store_with_its_variation() -> None:
    baseline = found("main", fail_on="inconclusive")
    assert (baseline.name, [run.run_id for run in baseline.runs]) == ("main", IDS[:2])
    assert baseline.variations == {"p95": AaVariation(0.01, 2)}
    assert baseline.fail_on == "inconclusive"


def test_files_are_a_baseline_of_their_own() -> None:
    baseline = found("5.json", "./6.json")
    assert baseline.name == "5.json, 6.json"
    assert [run.run_id for run in baseline.runs] == [measured_summary(number).run.id for number in (5, 6)]
    assert baseline.variations is None


def test_the_option_goes_before_the_plan_and_none_is_none() -> None:
    assert found() is None
    assert found(of_plan="main").name == "main"
    assert found("5.json", of_plan="main").name == "5.json"
    assert found("none", of_plan="main") is None


@pytest.mark.parametrize(
    ("words", "options", "error", "reason"),
    [
        (["mian"], {}, StoreInputError, "there is no baseline 'mian'; did you mean 'main'?"),
        (
            ["main"],
            {"store": "none"},
            StoreInputError,
            "the baseline 'main' is in a store, and the run has none (--store)",
        ),
        (["main", "5.json"], {}, StoreInputError, "--baseline 'main 5.json': give one name, or only files"),
        (["absent.json"], {}, StoreInputError, "absent.json cannot be read"),
        (["./runs.sqlite"], {}, SummaryRefusedError, "runs.sqlite is no JSON file"),
    ],
)
def test_what_the_command_line_names_must_be_there(
    words: list[str], options: dict[str, Any], error: type[GradualError], reason: str
) -> None:
    with pytest.raises(error) as caught:
        found(*words, **options)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("store", "reason"),
    [
        ("none", "the baseline 'main' is in a store, and the run has none (--store)."),
        ("new.sqlite", "there is no store at"),
    ],
)
def test_what_the_plan_names_may_be_absent_and_the_run_says_so(store: str, reason: str) -> None:
    baseline = found(of_plan="main", store=store)
    assert baseline.runs == ()
    assert baseline.problem.startswith(reason)
