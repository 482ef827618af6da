"""Agents whose clocks differ from the master's: they estimate the offset from round trips, and no count changes."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest
from fleet_processes import Fleet, Outcome, Target, wrong_clock
from request_log import RequestLog

AHEAD_S = 300
CLOCKS = (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME)
LEVELS = (4, 20, 9)
LEVEL_S = 2.5


def clocks_ahead(prefix: Sequence[str] = (), env: dict[str, str] | None = None) -> list[float]:
    """How many seconds the clocks of a process are ahead of ours, if it is started with this prefix and environment.

    CalledProcessError if it cannot be started.
    """
    read = f"import time; print(*(time.clock_gettime(clock) for clock in {CLOCKS}))"
    command = [*prefix, sys.executable, "-c", read]
    before = [time.clock_gettime(clock) for clock in CLOCKS]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=30, env={**os.environ, **(env or {})}
    )
    return [float(there) - here for there, here in zip(done.stdout.split(), before, strict=True)]


def is_about(ahead: Sequence[float], *expected_s: float) -> bool:
    """Whether the clocks are ahead by `expected_s`, plus the time that a process takes to start."""
    return all(0 <= found - wanted < 20 for found, wanted in zip(ahead, expected_s, strict=True))


def plan(url: str) -> dict[str, Any]:
    return {
        "config": {
            "name": "clocks",
            "base_url": url,
            "duration": f"{LEVEL_S * len(LEVELS)}s",
            "ramp_up": {
                "strategy": "levels",
                "levels": [{"concurrency": users, "for": f"{LEVEL_S}s"} for users in LEVELS],
            },
            "headers": {"X-User": "{{vu.group}}/{{vu.slot}}/{{vu.tenure}}"},
        },
        "users": [{"name": "user", "concurrency": 20, "behavior": [{"action": "read", "think_time": "100-200ms"}]}],
        "actions": {"read": {"url": "/ok"}},
    }


def check(outcome: Outcome, log: RequestLog, offsets_s: dict[str, float]) -> None:
    """The counts, the users of every level, and the offsets are right."""
    assert outcome.code == 0, outcome.output
    assert outcome.summary is not None
    assert outcome.arrived("read") == outcome.summary["totals"]["sent"] == len(log.requests)
    assert log.overlapping() == []
    assert log.max_users() == max(LEVELS)
    for level, requests in log.by_level(outcome.summary["levels"]):
        assert len(requests.slots) == level["target"], level
    fleet = outcome.summary["fleet"]
    assert fleet["begun"] == fleet["merged"]
    assert fleet["moves"] == fleet["dropped_batches"] == 0
    assert fleet["level_spread_ms"] < 1000, "a slow machine changes a level late, but not by the offset of a clock"
    assert not any(row["lost"] for row in outcome.summary["agents"])
    assert not any("clock" in warning for warning in outcome.summary["verdict"]["warnings"])
    found = {row["name"]: row["clock_offset_ms"] / 1000 for row in outcome.summary["agents"]}
    assert found == {name: pytest.approx(offset_s, abs=0.05) for name, offset_s in offsets_s.items()}


def test_monotonic_clocks_with_another_start_change_no_count(target: Target, fleet: Fleet) -> None:
    """Gradual decides by these clocks. They are those of a machine that was started five minutes earlier, or later."""
    starts = {}
    for name, ahead_s in (("ahead", AHEAD_S), ("behind", -AHEAD_S)):
        offsets = ["--monotonic", str(ahead_s), "--boottime", str(ahead_s)]
        starts[name] = ["unshare", "--time", *offsets, "--fork", "--kill-child"]
        try:
            assert is_about(clocks_ahead(starts[name]), 0, ahead_s, ahead_s)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"this machine allows no time namespaces: {getattr(error, 'stderr', None) or error}")
    master = fleet.start_master(plan(target.url), 3)
    agents = [fleet.start_agent(name, prefix=prefix) for name, prefix in starts.items()] + [fleet.start_agent("even")]
    outcome = fleet.wait(master, agents)
    assert outcome.agent_codes == [0, 0, 0], outcome.output
    check(outcome, RequestLog.of(target.records()), {"ahead": -AHEAD_S, "behind": AHEAD_S, "even": 0})


def test_wrong_wall_clocks_change_no_count(target: Target, fleet: Fleet) -> None:
    """Gradual decides nothing by these clocks: a host's time of day is wrong by five minutes."""
    starts = {}
    for name, ahead_s in (("ahead", AHEAD_S), ("behind", -AHEAD_S)):
        starts[name] = wrong_clock(ahead_s)
        assert is_about(clocks_ahead(env=starts[name]), ahead_s, 0, 0)
    master = fleet.start_master(plan(target.url), 3)
    agents = [fleet.start_agent(name, env=env) for name, env in starts.items()] + [fleet.start_agent("even")]
    outcome = fleet.wait(master, agents)
    assert outcome.agent_codes == [0, 0, 0], outcome.output
    check(outcome, RequestLog.of(target.records()), {"ahead": 0, "behind": 0, "even": 0})
