"""`gradual runs`, `report` and `export`, from their words to what they print and leave in the store."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from stored_runs import stored_summary
from typer.testing import CliRunner, Result

from gradual.cli.app import app
from gradual_master.errors import StoreInputError
from gradual_master.reporting.jsonfile import render_json
from gradual_master.store.opening import open_store
from gradual_master.store.runs import add_run

Gradual = Callable[..., Result]


@pytest.fixture
def gradual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gradual:
    """Call a command in a folder whose store has the runs 1 to 3."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADUAL_STORE", "runs.sqlite")
    with open_store(tmp_path / "runs.sqlite", creates=True).writing() as connection:
        for number, name in ((1, "checkout"), (2, "login"), (3, "checkout")):
            add_run(connection, stored_summary(number, name=name, tags={"number": str(number)}))
    return lambda *words: CliRunner().invoke(app, list(words), catch_exceptions=False)


def test_the_runs_are_a_table_the_newest_first(gradual: Gradual) -> None:
    header, *rows = gradual("runs").stdout.splitlines()
    assert header.split() == ["RUN", "WHEN", "(UTC)", "NAME", "VERDICT", "USERS", "THROUGHPUT", "P95"]
    assert [row.split()[0][-1] for row in rows] == ["3", "2", "1"]
    assert [row.split()[3] for row in rows] == ["checkout", "login", "checkout"]


def test_a_list_of_runs_loads_neither_numbers_nor_reporters() -> None:
    code = """
import sys
import gradual.stored.listing
print(sorted({"numpy", "gradual_master.reporting", "pydantic", "alembic"} & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_runs_are_chosen_by_name_tag_and_number(gradual: Gradual) -> None:
    def numbers(*words: str) -> list[str]:
        document = json.loads(gradual("runs", "--json", *words).stdout)
        assert document["schema"] == "gradual.runs/1"
        return [run["tags"]["number"] for run in document["runs"]]

    assert numbers() == ["3", "2", "1"]
    assert numbers("--name", "checkout") == ["3", "1"]
    assert numbers("--tag", "number=2") == ["2"]
    assert numbers("--last", "1") == ["3"]
    assert gradual("runs", "--name", "login", "-q").stdout == f"{stored_summary(2).run.id}\n"
    assert gradual("runs", "--name", "absent", "-q").stdout == ""
    nothing = gradual("runs", "--name", "absent")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "no such run is in" in nothing.stderr


def test_a_deleted_run_is_gone(gradual: Gradual) -> None:
    run = stored_summary(3).run.id
    assert gradual("runs", "--delete", "last").stdout == f"deleted: {run} (checkout)\n"
    assert run not in gradual("runs").stdout


@pytest.mark.parametrize(
    "words", [["runs", "--name"], ["runs", "--delete"], ["report"], ["baseline", "show"], ["baseline", "remove"]]
)
def test_a_word_in_another_encoding_is_refused(gradual: Gradual, words: list[str]) -> None:
    with pytest.raises(StoreInputError, match=r"'\\udcff' is not UTF-8, as every name in a store is"):
        gradual(*words, "\udcff")


@pytest.mark.parametrize(
    "words", [["runs", "--delete", ""], ["report", ""], ["export", "", "a.json"], ["baseline", "set", "main", ""]]
)
def test_an_empty_word_is_no_run(gradual: Gradual, words: list[str]) -> None:
    gradual("runs", "--delete", "last")
    gradual("runs", "--delete", "last")
    with pytest.raises(StoreInputError, match="RUN is empty; `gradual runs` lists the runs"):
        gradual(*words)
    assert gradual("runs", "-q").stdout == f"{stored_summary(1).run.id}\n"


def test_a_stored_run_is_reported_on_the_console(gradual: Gradual) -> None:
    result = gradual("report", "20261128T0902")
    assert result.exit_code == 0
    assert f"run {stored_summary(2).run.id}" in result.stdout
    assert "Totals" in result.stdout
    assert result.stderr == ""


def test_reports_that_lack_the_course_of_the_run_say_so(gradual: Gradual, tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv/intervals.csv").write_text("of another run")
    result = gradual("report", "last", "-o", "console", "-o", "html=a.html", "-o", "csv=csv", "-o", "junit=a.xml")
    assert "checkout" in (tmp_path / "a.html").read_text()
    assert not (tmp_path / "csv/intervals.csv").exists(), "two runs are not mixed"
    assert (tmp_path / "csv/levels.csv").exists()
    assert "a.html" in result.stdout, "the console names the files"
    assert result.stderr.splitlines() == [
        "the html report of a stored run lacks the charts over time, the table of intervals and the plan: the store "
        "has the summary only",
        "the csv report of a stored run lacks intervals.csv, interval_groups.csv, interval_actions.csv, and the rows "
        "of interval_watches.csv: the store has the summary only",
    ]


def test_the_json_report_and_the_export_are_what_the_run_itself_wrote(gradual: Gradual, tmp_path: Path) -> None:
    expected = render_json(stored_summary(3, tags={"number": "3"}))
    gradual("report", "last", "-o", "json=report.json")
    gradual("export", "last", "export.json")
    assert (tmp_path / "report.json").read_text() == (tmp_path / "export.json").read_text() == expected
    assert gradual("export", "last", "-").stdout == expected


def test_markdown_and_openmetrics_need_no_course(gradual: Gradual, tmp_path: Path) -> None:
    result = gradual("report", "last", "-o", "markdown=a.md", "-o", "openmetrics=a.prom")
    assert result.stderr == ""
    assert (tmp_path / "a.md").stat().st_size > 100
    assert (tmp_path / "a.prom").read_text().endswith("# EOF\n")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            ["report", "last", "-o", "otlp=http://x"],
            "-o otlp follows a run while it goes on; of a stored run there can",
        ),
        (["report", "2025"], "no run's id begins with '2025'"),
        (["export", "last", "absent/a.json"], "absent/a.json cannot be written: No such file"),
        (["runs", "--store", "none"], "--store is none: name the store that has the runs"),
        (["runs", "--store", "absent.sqlite"], "there is no store at"),
    ],
)
def test_what_cannot_be_done_is_said(gradual: Gradual, words: list[str], reason: str) -> None:
    with pytest.raises(StoreInputError) as caught:
        gradual(*words)
    assert reason in str(caught.value)
    assert caught.value.exit_code == 2
