"""What steps did of late: every sample counted once, times from merged histograms."""

import pytest
from monitor_scene import records

from gradual_master.reporting.monitor.steps import RecentSteps


def test_steps_add_up_to_their_intervals() -> None:
    closed = list(records(8, groups=("customer", "guest"), agents=3))[-5:]
    rows = RecentSteps().rates(closed)
    assert [(row.group, row.step) for row in rows] == [
        (group, step) for group in ("customer", "guest") for step in ("login", "rates")
    ]
    assert sum(row.rate for row in rows) * 5 == pytest.approx(sum(record.requests for record in closed))
    assert sum(row.failed for row in rows) * 5 == pytest.approx(sum(record.failures for record in closed))
    assert max(row.times.max or 0 for row in rows) == max(record.response_time_ms.max or 0 for record in closed)


def test_an_interval_is_worked_out_once() -> None:
    """Rows are made anew whenever they are asked for; those of an interval that is seen again are the same ones."""
    closed = list(records(8, groups=("customer",), agents=1))
    assert closed[0].actions() is not closed[0].actions()
    steps = RecentSteps()
    before: dict[int, object] = {}
    for end in range(1, 9):
        steps.rates(closed[max(0, end - 5) : end])
        assert all(steps._known[number] is rows for number, rows in before.items() if number in steps._known)
        before = dict(steps._known)
    assert list(before) == [3, 4, 5, 6, 7]


def test_of_no_intervals_there_are_no_steps() -> None:
    assert RecentSteps().rates([]) == ()
