"""How a reporter is chosen, and what one of your own must do: nothing it does not want to."""

from typing import Any

from raw_run import run_of

from gradual.reporting import BaseReporter as PublicReporter
from gradual_master.reporting import BaseReporter


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
