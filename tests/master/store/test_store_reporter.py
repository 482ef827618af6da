"""A run goes into the store at its end. A store that fails takes no report with it."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from stored_runs import stored_summary

from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.running.threads import ReporterThreads
from gradual_master.results.summary.sections import Summary
from gradual_master.store.location import StoreLocation
from gradual_master.store.opening import open_store
from gradual_master.store.reporter import StoreReporter
from gradual_master.store.runs import RunFilter, find_run, list_runs, load_summary


class Last(Reporter):
    """Keeps the summary that it gets after all others."""

    ends_last = True
    summary: Summary

    def on_test_complete(self, summary: Summary) -> None:
        self.summary = summary


def passed() -> Summary:
    whole = stored_summary(1)
    verdict = replace(whole.verdict, status="passed", code=0, warnings=())
    return replace(whole, verdict=verdict, run=replace(whole.run, exit_code=0))


async def test_the_run_is_stored_as_the_json_reporter_writes_it(tmp_path: Path) -> None:
    location = StoreLocation(tmp_path / "runs")
    summary = await ReporterThreads([StoreReporter(location)]).complete(passed())
    with open_store(location.path).reading() as connection:
        assert [run.id for run in list_runs(connection, RunFilter())] == [summary.run.id]
        assert load_summary(connection, find_run(connection, "last").id) == summary.to_dict()


async def test_a_store_that_was_asked_for_and_fails_is_a_warning_and_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("no database " * 100)
    last = Last()
    summary = await ReporterThreads([last, StoreReporter(StoreLocation(tmp_path / "runs"))]).complete(passed())
    assert (summary.verdict.status, summary.verdict.code, summary.run.exit_code) == ("passed", 3, 3)
    (warning,) = summary.verdict.warnings
    assert warning == f"the run is not stored: the store {tmp_path}/runs cannot be used: file is not a database"
    assert last.summary == summary, "the console says it"


async def test_the_users_own_store_that_fails_is_only_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gradual").write_text("where the folder would be")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    summary = await ReporterThreads([StoreReporter(StoreLocation())]).complete(passed())
    assert (summary.verdict.code, summary.run.exit_code) == (0, 0)
    (warning,) = summary.verdict.warnings
    assert warning.startswith(f"the run is not stored: the store {tmp_path}/gradual/runs.sqlite cannot be opened: ")


def test_a_runs_start_does_not_load_the_database_library() -> None:
    code = """
import sys
import gradual.cli.run, gradual_master.command_line.running
print(sorted({"sqlalchemy", "alembic", "platformdirs"} & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_options_of_a_run_load_nothing_heavy_before_its_agents_start() -> None:
    code = """
import sys
from gradual_master.command_line.options import RunArguments, run_options_of
run_options_of(RunArguments(), stores=True)
print(sorted({"numpy", "pydantic", "platformdirs", "gradual_master.comparing"} & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
