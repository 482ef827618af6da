"""The panel of the system's own metrics."""

from types import SimpleNamespace
from typing import Any

from gradual_master.reporting.monitor.panels.system import SystemPanel
from gradual_master.watching.courses import WatchState

WATCHES = (
    WatchState("db_cpu", "%", 61.25, None),
    WatchState("queue", "jobs", None, 75.0),
    WatchState("disk", "", None, None),
)


def lines(rows: int, watches: tuple[WatchState, ...] = WATCHES) -> list[str]:
    state: Any = SimpleNamespace(last=SimpleNamespace(watches=watches))
    return [line.plain.rstrip() for line in SystemPanel().lines(state, 40, rows)]


def test_each_watch_has_its_latest_value_or_since_when_it_has_none() -> None:
    shown = lines(4)
    assert shown[1].startswith("db_cpu")
    assert shown[1].endswith("61.25 %")
    assert shown[2].endswith("no value since 1:15")
    assert shown[3].endswith("no value yet")


def test_watches_that_do_not_fit_are_summed_up() -> None:
    assert lines(3)[2].startswith("and 2 more")


def test_a_plan_without_watches_has_no_panel() -> None:
    state: Any = SimpleNamespace(last=SimpleNamespace(watches=()))
    assert SystemPanel().demand(state, 40).min_rows == 0
    assert SystemPanel().demand(SimpleNamespace(last=None), 40).min_rows == 0  # type: ignore[arg-type]
