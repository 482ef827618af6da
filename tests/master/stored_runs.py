"""Summaries of small runs, for tests of the store."""

from dataclasses import replace
from functools import cache
from typing import Any

from raw_run import aggregate_of, fleet_of, plan_of, run_of, schedule_of

from gradual_master.results.judging.blocks import BlockRow
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.measures.distribution import Distribution
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


def measured_summary(number: int, factor: float = 1.0, **changed: Any) -> Summary:
    """One that passed at 10 and 20 users; times are `factor` times as long, and throughput is lower by it."""
    whole = stored_summary(number, fingerprint={"cpus": 8}, exit_code=0, **changed)
    verdict = replace(whole.verdict, status="passed", code=0, reasons=(), warnings=())
    return replace(whole, verdict=verdict, levels=tuple(_level(whole.levels[0], target, factor) for target in (10, 20)))


def _level(row: LevelRow, target: float, factor: float) -> LevelRow:
    rate = 10 * target / factor
    mean, p50, p95, p99 = (value * factor for value in (50.0, 40.0, 90.0, 200.0))
    times = Distribution(1000, p50 / 2, mean, p50, p95, p95, p99, p99, p99)
    blocks = tuple(
        BlockRow(0, 10, 300, 0, rate, *(near * value for value in (mean, p50, p95, p99)))
        for near in (0.999, 1.0, 1.001)
    )
    return replace(
        row, target=target, marks=(), requests=1000, throughput_rps=rate, response_time_ms=times, blocks=blocks
    )
