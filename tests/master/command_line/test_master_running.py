"""A run is reported as the command line asks, and given up when its agents fail before it begins."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gradual_common.errors import GradualError
from gradual_common.plan.loader import PlanSource, load_plan
from gradual_master.command_line import running
from gradual_master.command_line.options import RunArguments, plan_of_url
from gradual_master.errors import ReporterError
from gradual_master.reporting.console.reporter import ConsoleReporter
from gradual_master.reporting.jsonfile import JsonReporter
from gradual_master.reporting.monitor.reporter import MonitorReporter
from gradual_master.reporting.progress.reporter import ProgressReporter
from gradual_master.run.options import RunOptions

LOADED: Any = load_plan(PlanSource(mapping=plan_of_url("http://127.0.0.1/")))


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        (RunArguments(), [ConsoleReporter]),
        (RunArguments(quiet=True), []),
        (RunArguments(json_=True), []),
        (RunArguments(reporter=["json=-"]), [JsonReporter]),
        (RunArguments(quiet=True, reporter=["console"]), [ConsoleReporter]),
        (RunArguments(reporter=["console"]), [ConsoleReporter]),
    ],
)
def test_the_console_reports_unless_output_is_to_be_quiet_or_json(arguments: RunArguments, kinds: list[type]) -> None:
    assert [type(reporter) for reporter in running.make_reporters(arguments, LOADED)] == kinds


def test_an_unknown_reporter_names_the_nearest() -> None:
    with pytest.raises(ReporterError, match=r"there is no reporter 'jsn'; did you mean 'json'"):
        running.make_reporters(RunArguments(reporter=["jsn=x"]), LOADED)


async def test_a_file_that_cannot_be_written_is_reported_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "conduct", None)
    reporters = running.make_reporters(RunArguments(reporter=[f"json={tmp_path / 'nowhere' / 'x.json'}"]), LOADED)
    with pytest.raises(ReporterError, match="cannot be written"):
        await running.watch(LOADED, RunOptions(), reporters, lambda: None)


@pytest.mark.parametrize(("monitor", "kind"), [(False, ProgressReporter), (True, MonitorReporter)])
def test_the_live_display_is_the_one_that_was_asked_for(monitor: bool, kind: type) -> None:
    arguments = RunArguments(monitor=monitor)
    assert type(running.make_progress(arguments, LOADED.schedule)) is kind


class NeverBegins:
    """Stands in for `conduct`: waits for agents for ever."""

    def __init__(self) -> None:
        self.was_given_up = False

    async def __call__(self, *arguments: Any) -> Any:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.was_given_up = True
            raise


async def test_a_run_whose_agents_fail_before_it_starts_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    conduct = NeverBegins()
    monkeypatch.setattr(running, "conduct", conduct)
    monkeypatch.setattr(running, "POLL_S", 0)

    def check() -> None:
        raise GradualError("agent 1 ended")

    with pytest.raises(GradualError, match="agent 1 ended"):
        await running.watch(None, RunOptions(), [], check)  # type: ignore[arg-type]  # no plan is needed
    assert conduct.was_given_up


async def test_a_run_that_is_cancelled_has_ended_when_that_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    conduct = NeverBegins()
    monkeypatch.setattr(running, "conduct", conduct)
    watching = asyncio.ensure_future(running.watch(None, RunOptions(), [], lambda: None))  # type: ignore[arg-type]  # so too
    await asyncio.sleep(0)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert conduct.was_given_up


async def test_once_it_has_begun_a_run_goes_on_without_its_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    async def conduct(loaded: Any, options: Any, reporters: Any) -> str:
        options.on_begin()
        return "summary"

    def check() -> None:
        raise GradualError("agent 1 ended")

    monkeypatch.setattr(running, "conduct", conduct)
    assert await running.watch(None, RunOptions(), [], check) == "summary"  # type: ignore[arg-type, comparison-overlap]  # and no summary


def test_progress_is_first_among_the_reporters(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    async def watch(loaded: Any, options: Any, reporters: Any, check: Any) -> Any:
        names.extend(type(reporter).__name__ for reporter in reporters)
        return SimpleNamespace(run=SimpleNamespace(exit_code=7))

    monkeypatch.setattr(running, "watch", watch)
    monkeypatch.setattr(running, "configure_logging", lambda *arguments: None)
    assert running.run_and_report(LOADED, RunArguments(), RunOptions(), "info") == 7
    assert names == ["ProgressReporter", "ConsoleReporter"]
