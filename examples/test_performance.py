"""A performance check as a test: `pytest examples/test_performance.py`, with `gradual demo-server` running.

BANK_URL names another system.
"""

import os
from pathlib import Path

import gradual

PLAN = Path(__file__).with_name("demo.yaml")
BANK = os.environ.get("BANK_URL", "http://127.0.0.1:8080")


def test_the_bank_serves_twenty_users() -> None:
    summary = gradual.run(PLAN, base_url=BANK, users=20, duration="5s")
    assert summary.verdict.status == "passed", summary.verdict.reasons
    assert summary.totals.response_time_ms.p95 < 1000


def test_the_bank_serves_forty_users_without_a_failure() -> None:
    ramp = {"strategy": "multiplicative", "initial": 5, "multiplier": 2, "interval": "1s"}
    summary = gradual.run(PLAN, base_url=BANK, users=40, duration="5s", ramp_config=ramp)
    assert [level.target for level in summary.levels] == [5, 10, 20, 40]
    assert summary.totals.failures == 0
