"""What happened when: marks in time."""

from dataclasses import replace

from raw_run import schedule_of

from gradual_common.clock import NEVER
from gradual_master.reporting.charts.events import TimeMark, marks_of
from gradual_master.results.summary.history import News


def test_marks_end_where_the_run_did() -> None:
    schedule = schedule_of((1, 0), (2, 0), (3, 0), seconds=10, warm_up=1)
    endless = replace(schedule, phases=(schedule.phases[0], replace(schedule.phases[1], end=NEVER)), end=None)
    marks = marks_of(endless, [News(3.5, "warning", "late"), News(99, "info", "drained")], until_s=15)
    assert marks == (
        TimeMark(0, 10, "phase", "warm", warm_up=True),
        TimeMark(10, 15, "phase", "main"),
        TimeMark(0, 10, "level", "1 user"),
        TimeMark(10, 15, "level", "2 users"),
        TimeMark(3.5, 3.5, "warning", "late"),
        TimeMark(15, 15, "info", "drained"),
    )
