"""The system sees exactly the scheduled users; each has one request at a time and its own data row."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from fleet_processes import Fleet, Target
from request_log import RequestLog

LEVELS = (5, 12, 30, 17, 30)
LEVEL_S = 3
MIN_REQUESTS = 3
"""Of each user in a level. It sends at least seven in the 1.85 s that are checked; a slow machine may delay some."""


def plan(url: str, users_file: Path) -> dict[str, Any]:
    """Levels up and down; each user sends at least every 0.25 s."""
    levels = [{"concurrency": users, "for": f"{LEVEL_S}s"} for users in LEVELS]
    step = {"action": "read", "think_time": "50-200ms"}
    return {
        "config": {
            "name": "users",
            "base_url": url,
            "duration": f"{LEVEL_S * len(LEVELS)}s",
            "graceful_stop": "5s",
            "ramp_up": {"strategy": "levels", "levels": levels},
            "headers": {"X-User": "{{vu.group}}/{{vu.slot}}/{{vu.tenure}}"},
        },
        "users": [
            {"name": "members", "concurrency": 20, "data": {"user": str(users_file)}, "behavior": [step]},
            {"name": "guests", "concurrency": 10, "behavior": [{"action": "view", "think_time": "0-200ms"}]},
        ],
        "actions": {
            "read": {"url": "/ok/read", "headers": {"X-Row": "{{user.name}}"}},
            "view": {"url": "/ok/view"},
        },
    }


@pytest.mark.parametrize("agents", [1, 4])
def test_the_system_sees_exactly_the_scheduled_users(target: Target, fleet: Fleet, tmp_path: Path, agents: int) -> None:
    rows = tmp_path / "users.csv"
    rows.write_text("name\n" + "".join(f"row-{number}\n" for number in range(20)))
    outcome = fleet.run(plan(target.url, rows), agents)
    records = target.records()
    assert outcome.code == 0, outcome.output
    assert outcome.summary is not None
    assert records.overlaps == {}, "no user ever had two requests at once"
    assert records.shared_rows == {}, "no row was ever used by two users at once"

    log = RequestLog.of(records)
    assert log.max_users() == max(LEVELS)
    assert [level["target"] for level in outcome.summary["levels"]] == list(LEVELS)
    for level, requests in log.by_level(outcome.summary["levels"]):
        by_user = Counter(request.user for request in requests.requests)
        assert len(by_user) == level["target"], (level, sorted(by_user))
        assert min(by_user.values()) >= MIN_REQUESTS, (level, by_user)


def test_a_slot_keeps_its_row_over_the_whole_run(target: Target, fleet: Fleet, tmp_path: Path) -> None:
    rows = tmp_path / "users.csv"
    rows.write_text("name\n" + "".join(f"row-{number}\n" for number in range(25)))
    outcome = fleet.run(plan(target.url, rows), 4)
    assert outcome.code == 0, outcome.output
    rows_by_slot: dict[str, set[str]] = defaultdict(set)
    for _, user, row, *_ in target.records().requests:
        if row:
            rows_by_slot[user.rpartition("/")[0]].add(row)
    assert all(len(names) == 1 for names in rows_by_slot.values())
    assert len({row for names in rows_by_slot.values() for row in names}) == len(rows_by_slot)
