"""The system sees exactly the scheduled users, one request at a time each, one data row each."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from conftest import Books, Fleet, Outcome, Target

SECOND = 1_000_000_000
LEVEL_S = 3


def plan(url: str, users_file: Path) -> dict[str, Any]:
    """Levels up and down; think plus service time stays below 0.3 s, so every second shows every user."""
    levels = [{"concurrency": n, "for": f"{LEVEL_S}s"} for n in (5, 12, 30, 17, 30)]
    step = {"action": "read", "think_time": "50-200ms"}
    return {
        "config": {
            "name": "users",
            "base_url": url,
            "duration": f"{LEVEL_S * 5}s",
            "graceful_stop": "5s",
            "ramp_up": {"strategy": "levels", "levels": levels},
            "headers": {"X-User": "{{vu.group}}/{{vu.slot}}/{{vu.tenure}}"},
        },
        "users": [
            {"name": "members", "concurrency": 20, "data": {"user": str(users_file)}, "behavior": [step]},
            {"name": "guests", "concurrency": 10, "behavior": [{"action": "look", "think_time": "0-200ms"}]},
        ],
        "actions": {
            "read": {"url": "/ok/read", "headers": {"X-Row": "{{user.name}}"}},
            "look": {"url": "/ok/look"},
        },
    }


def first_level_start(outcome: Outcome, books: Books) -> int:
    """The target's clock when the schedule began: its first request comes within a millisecond or two."""
    return min(arrived for _, _, _, arrived, *_ in books.requests)


@pytest.mark.parametrize("agents", [1, 4])
def test_the_system_sees_exactly_the_scheduled_users(target: Target, fleet: Fleet, tmp_path: Path, agents: int) -> None:
    rows = tmp_path / "users.csv"
    rows.write_text("name\n" + "".join(f"row-{number}\n" for number in range(20)))
    outcome = fleet.run(plan(target.url, rows), agents)
    books = target.books()
    assert outcome.code == 0, outcome.said
    assert outcome.summary is not None
    assert books.overlaps == {}, "no user ever had two requests at once"
    assert books.shared_rows == {}, "no row was ever held by two users"

    begin = first_level_start(outcome, books)
    seen: dict[int, set[str]] = defaultdict(set)
    for _, user, _, arrived, *_ in books.requests:
        seen[(arrived - begin) // (SECOND // 2)].add(user)
    for level in outcome.summary["levels"]:
        # Half seconds that lie inside the level, leaving its first and last ones to the change itself.
        inside = range(int(level["start_s"]) * 2 + 1, int(level["end_s"]) * 2 - 1)
        for first in inside[:-1]:
            users = seen[first] | seen[first + 1]
            assert len(users) == level["target"], (level, first, sorted(users))


def test_a_slot_keeps_its_row_over_the_whole_run(target: Target, fleet: Fleet, tmp_path: Path) -> None:
    rows = tmp_path / "users.csv"
    rows.write_text("name\n" + "".join(f"row-{number}\n" for number in range(25)))
    outcome = fleet.run(plan(target.url, rows), 4)
    assert outcome.code == 0, outcome.said
    held: dict[str, set[str]] = defaultdict(set)
    for _, user, row, *_ in target.books().requests:
        if row:
            held[user].add(row)
    assert all(len(names) == 1 for names in held.values())
    assert len({row for names in held.values() for row in names}) == len(held)
