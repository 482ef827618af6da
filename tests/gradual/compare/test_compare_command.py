"""`gradual compare` prints what was found, writes its reports, and ends with the code that was asked for."""

import json
from pathlib import Path

import pytest
from compare_files import write_all
from compared_summaries import document, documents
from stored_runs import measured_summary

from gradual.compare.arguments import KEPT
from gradual.compare.command import ComparisonOutput, compare_named, report_comparison
from gradual.compare.files import read_sides
from gradual.errors import CompareRefusedError
from gradual_common.process.exit_codes import FailOn
from gradual_master.store.opening import open_store
from gradual_master.store.runs import add_run


def compared(folder: Path, factor: float, output: ComparisonOutput, runs: int = 5) -> int:
    baseline = write_all(folder / "a", documents("a", runs=runs))
    candidate = write_all(folder / "b", documents("b", factor, runs))
    return report_comparison(*read_sides([baseline], [candidate]), output)


@pytest.mark.parametrize(
    ("factor", "runs", "fail_on", "code"),
    [
        (1.15, 5, None, 0),  # information
        (1.15, 5, "regression", 1),
        (1.15, 5, "inconclusive", 1),  # a regression is a failure, too
        (1.0, 1, "regression", 0),  # one run a side decides nothing
        (1.0, 1, "inconclusive", 1),
        (1.0, 5, "inconclusive", 0),  # equivalent
        (0.5, 5, "inconclusive", 0),  # better
    ],
)
def test_the_code_is_what_fail_on_says(
    factor: float, runs: int, fail_on: FailOn | None, code: int, tmp_path: Path
) -> None:
    assert compared(tmp_path, factor, ComparisonOutput(fail_on=fail_on), runs) == code


def test_json_is_the_whole_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compared(tmp_path, 1.15, ComparisonOutput(as_json=True))
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "gradual.comparison/1"
    assert (found["result"]["verdict"], found["result"]["regression"]) == ("worse", True)
    assert found["result"]["candidate_runs"] == [f"b{number}.json" for number in range(5)]


def test_stored_runs_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, summaries = tmp_path / "runs.sqlite", [measured_summary(number, 1.0) for number in range(2)]
    with open_store(store, creates=True).writing() as connection:
        for summary in summaries:
            add_run(connection, summary)
    first, second = (summary.run.id for summary in summaries)
    assert compare_named([first, KEPT, "last"], str(store), ComparisonOutput(as_json=True)) == 0
    found = json.loads(capsys.readouterr().out)["result"]
    assert (found["baseline_runs"], found["candidate_runs"]) == ([first], [second])


def test_reports_are_written(tmp_path: Path) -> None:
    markdown, html = tmp_path / "c.md", tmp_path / "c.html"
    compared(tmp_path, 1.15, ComparisonOutput(markdown=markdown, html=html))
    assert markdown.read_text(encoding="utf-8").startswith("### ❌ Worse")
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_refusal_names_every_reason_is_in_the_reports_and_ends_with_2(tmp_path: Path) -> None:
    other = [document("b", plan_sha256="b" * 64, fingerprint=None)]
    sides = read_sides([write_all(tmp_path / "a", [document("a")])], [write_all(tmp_path / "b", other)])
    markdown = tmp_path / "c.md"
    with pytest.raises(CompareRefusedError) as caught:
        report_comparison(*sides, ComparisonOutput(markdown=markdown))
    assert caught.value.exit_code == 2
    plan, machine, hint = str(caught.value).splitlines()[1:]
    assert plan.startswith("  b.json ran another plan than a.json")
    assert "the machine of b.json was not recorded" in machine
    assert hint.startswith("--force compares all the same")
    assert "Not compared" in markdown.read_text(encoding="utf-8")


def test_force_makes_warnings_of_refusals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = [document(f"b{number}", plan_sha256="b" * 64) for number in range(5)]
    sides = read_sides([write_all(tmp_path / "a", documents("a"))], [write_all(tmp_path / "b", other)])
    assert report_comparison(*sides, ComparisonOutput(is_forced=True)) == 0
    assert "Compared all the same: b0.json ran another plan" in capsys.readouterr().out
