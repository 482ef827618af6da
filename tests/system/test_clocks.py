"""Clocks that tell other times change nothing: agents count from the offset that their round trips give."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Fleet, Outcome, Target
from ledger import Ledger

AHEAD_S = 300
CLOCKS = (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME)
LEVELS = (4, 20, 9)
LEVEL_S = 1.5


def skew(inside: Sequence[str] = (), env: dict[str, str] | None = None) -> list[float]:
    """How far the clocks of a process that is started so are ahead of ours; CalledProcessError if it cannot be."""
    read = f"import time; print(*(time.clock_gettime(clock) for clock in {CLOCKS}))"
    command = [*inside, sys.executable, "-c", read]
    before = [time.clock_gettime(clock) for clock in CLOCKS]
    said = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=30, env={**os.environ, **(env or {})}
    )
    return [float(there) - here for there, here in zip(said.stdout.split(), before, strict=True)]


def is_about(ahead: Sequence[float], *expected_s: float) -> bool:
    """Up to the time that a process takes to start."""
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


def check(outcome: Outcome, ledger: Ledger, offsets_s: dict[str, float]) -> None:
    """Counts, users at every level, and offsets."""
    assert outcome.code == 0, outcome.said
    assert outcome.summary is not None
    assert outcome.arrived("read") == outcome.summary["totals"]["sent"] == len(ledger.requests)
    assert ledger.overlapping() == []
    assert ledger.most_present() == max(LEVELS)
    for level, inside in ledger.inside(outcome.summary["levels"]):
        assert len(inside.seats) == level["target"], level
    fleet = outcome.summary["fleet"]
    assert fleet["begun"] == fleet["merged"]
    assert fleet["moves"] == fleet["dropped_batches"] == 0
    assert fleet["level_spread_ms"] < 1000, "a slow machine changes a level late, but not by minutes"
    assert not any(row["lost"] for row in outcome.summary["agents"])
    assert not any("clock" in warning for warning in outcome.summary["verdict"]["warnings"])
    found = {row["name"]: row["clock_offset_ms"] / 1000 for row in outcome.summary["agents"]}
    assert found == {name: pytest.approx(offset_s, abs=0.05) for name, offset_s in offsets_s.items()}


def test_clocks_that_began_at_another_time(target: Target, fleet: Fleet) -> None:
    """Those that decide: of a machine that has been up for five minutes more, or less."""
    ways = {}
    for name, ahead_s in (("ahead", AHEAD_S), ("behind", -AHEAD_S)):
        offsets = ["--monotonic", str(ahead_s), "--boottime", str(ahead_s)]
        ways[name] = ["unshare", "--time", *offsets, "--fork", "--kill-child"]
        try:
            assert is_about(skew(ways[name]), 0, ahead_s, ahead_s)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"this machine allows no clocks of our own: {getattr(error, 'stderr', None) or error}")
    master = fleet.start_master(plan(target.url), 3)
    agents = [fleet.start_agent(name, inside=inside) for name, inside in ways.items()] + [fleet.start_agent("even")]
    outcome = fleet.wait(master, agents)
    assert outcome.agent_codes == [0, 0, 0], outcome.said
    check(outcome, Ledger.of(target.books()), {"ahead": -AHEAD_S, "behind": AHEAD_S, "even": 0})


def test_wall_clocks_that_are_wrong(target: Target, fleet: Fleet) -> None:
    """Those that decide nothing: a host whose time of day was set five minutes off."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        pytest.skip("faketime is not installed (Debian: faketime)")
    ways = {}
    for name, ahead_s in (("ahead", AHEAD_S), ("behind", -AHEAD_S)):
        # The second name is that of versions before 0.9.10.
        keep = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        ways[name] = {"LD_PRELOAD": str(library), "FAKETIME": f"{ahead_s:+}s", **keep}
        assert is_about(skew(env=ways[name]), ahead_s, 0, 0)
    master = fleet.start_master(plan(target.url), 3)
    agents = [fleet.start_agent(name, env=env) for name, env in ways.items()] + [fleet.start_agent("even")]
    outcome = fleet.wait(master, agents)
    assert outcome.agent_codes == [0, 0, 0], outcome.said
    check(outcome, Ledger.of(target.books()), {"ahead": 0, "behind": 0, "even": 0})
