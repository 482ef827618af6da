"""How a reporter is chosen, and what one of your own must do: nothing it does not want to."""

from typing import Any

import pytest
from raw_run import run_of

from gradual.reporting import BaseReporter as PublicReporter
from gradual_master.errors import ReporterError
from gradual_master.reporting import BaseReporter, ConsoleReporter, JsonReporter, create_reporter


def test_a_reporter_is_named_with_its_argument() -> None:
    assert isinstance(create_reporter("console"), ConsoleReporter)
    reporter = create_reporter("json=a=b.json")
    assert isinstance(reporter, JsonReporter)
    assert reporter.arg == "a=b.json"
    assert create_reporter("json").arg is None


def test_a_reporter_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(ReporterError, match="there is no reporter 'xml'; built in are console and json=PATH"):
        create_reporter("xml=a")


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
