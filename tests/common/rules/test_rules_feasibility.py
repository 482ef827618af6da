"""What a schedule cannot give an objective is said before a run."""

import pytest

from gradual_common.clock import NS_PER_S
from gradual_common.rules.feasibility import why_never_judged
from gradual_common.rules.parser import parse_rule
from gradual_common.schedule.schedule import Level, Schedule, SchedulePhase

S = NS_PER_S
# A warm-up of 10 s with 5 users, a pause of 5 s, then 10 and 20 users for 20 s each.
LEVELS = (
    Level(0, 0, 0, 10 * S, 5.0),
    Level(1, 1, 10 * S, 15 * S, 0.0),
    Level(2, 1, 15 * S, 35 * S, 10.0),
    Level(3, 1, 35 * S, 55 * S, 20.0),
)
PHASES = (SchedulePhase(0, "warm", 0, 10 * S, True), SchedulePhase(1, "main", 15 * S, 55 * S, False))
SCHEDULE = Schedule((), LEVELS, PHASES, 55 * S, ("customer",))


@pytest.mark.parametrize(
    "rule",
    [
        "p95 < 1s",
        "p95 < 1s at 20 users",
        "p95 < 1s at <= 15 users",
        "p95 < 1s for 40s",
        "p95 < 1s at 10 users for 20s",
        "p95 < 1s over levels",
        "agent.cpu < 80% for 40s",
    ],
)
def test_what_the_schedule_has_can_be_judged(rule: str) -> None:
    assert why_never_judged(parse_rule(rule), SCHEDULE) is None


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (
            "p95 < 1s at 5 users",
            "no measured level has 5 users; there are 10, 20",
        ),  # Those of the warm-up do not count.
        ("p95 < 1s at <= 9 users", "no measured level has <= 9 users"),
        ("p95 < 1s for 41s", "for 41s on end; the longest stretch has 40s"),
        ("p95 < 1s at 10 users for 21s", "for 21s on end; the longest stretch has 20s"),
        ("agent.cpu < 80% for 2m", "the longest stretch has 40s"),
    ],
)
def test_what_it_has_not_is_named_with_what_there_is(rule: str, reason: str) -> None:
    assert reason in (why_never_judged(parse_rule(rule), SCHEDULE) or "")
