"""How a reporter is chosen, and what one of your own must do: nothing it does not want to."""

from pathlib import Path
from typing import Any

import pytest
from raw_run import run_of
from simulated_run import simulated_run

from gradual.reporting import BaseReporter as PublicReporter
from gradual_master.reporting import BUILT_IN, BaseReporter


def test_a_derived_reporter_overrides_what_it_wants_and_need_not_call_super() -> None:
    seen: list[Any] = []

    class Mine(PublicReporter):
        def __init__(self) -> None:
            seen.append("made")

        def on_test_start(self, run: Any) -> None:
            seen.append(run.id)

    reporter = Mine()
    reporter.prepare()
    reporter.on_test_start(run_of())
    nothing: Any = None
    reporter.on_interval(nothing)
    reporter.on_test_complete(nothing)
    assert seen == ["made", "run-1"]
    assert reporter.arg is None
    assert PublicReporter is BaseReporter
    assert BaseReporter("x").arg == "x"


@pytest.mark.parametrize(
    ("name", "file"),
    [("json", "a.json"), ("html", "a.html"), ("markdown", "a.md"), ("junit", "a.xml"), ("csv", "folder")],
)
def test_a_reporter_names_what_it_wrote(tmp_path: Path, name: str, file: str) -> None:
    reporter = BUILT_IN[name]()(str(tmp_path / file))
    reporter.prepare()
    reporter.on_test_start(run_of())
    assert reporter.written == []
    reporter.on_test_complete(simulated_run(seconds=12, actions=2))
    reporter.close()
    assert reporter.written == [tmp_path / file]
    assert reporter.written[0].exists()


def test_a_report_that_a_reporter_of_ones_own_generates_is_named_too(tmp_path: Path) -> None:
    reporter = BaseReporter()
    reporter.generate_html_report(simulated_run(seconds=12, actions=2), tmp_path / "own.html")
    assert reporter.written == [tmp_path / "own.html"]
