"""Summaries of small runs, for tests of the store."""

from dataclasses import replace
from functools import cache
from typing import Any

from raw_run import aggregate_of, fleet_of, plan_of, run_of, schedule_of

from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary


@cache
def _measured() -> Summary:
    plan, schedule = plan_of(), schedule_of((2, 1))
    return build_summary(aggregate_of(plan, schedule), fleet_of(), run_of())


def stored_summary(number: int, **changed: Any) -> Summary:
    """The summary of the run that started in the minute `number` of an hour; `changed`: other parts of `run`."""
    started = f"2026-11-28T09:{number:02}:00+00:00"
    whole = _measured()
    facts = {"id": f"20261128T09{number:02}00Z-{number:06x}", "started_at": started, "name": "checkout", **changed}
    return replace(whole, run=replace(whole.run, **facts))
