"""The blocks of a level as the summary has them: about 10 s each, of the part of the level that counts."""

from __future__ import annotations

from dataclasses import dataclass

from gradual_common.clock import NS_PER_S
from gradual_master.results.measures.distribution import seconds
from gradual_master.results.merging.level_blocks import MeasuredBlock
from gradual_master.results.section import Section


@dataclass(frozen=True, slots=True)
class BlockRow(Section):
    """One block; seconds since the schedule's start. Times are None without a response."""

    start_s: float
    end_s: float
    requests: int
    failures: int
    throughput_rps: float
    mean_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


def block_row(block: MeasuredBlock, start: int) -> BlockRow:
    """The row of a block; `start`: the run time of the schedule's start, ns."""
    times = block.response_times
    return BlockRow(
        start_s=seconds(block.begin - start),
        end_s=seconds(block.end - start),
        requests=block.requests,
        failures=block.failures,
        throughput_rps=round((block.requests - block.failures) * NS_PER_S / (block.end - block.begin), 3),
        mean_ms=times.mean,
        p50_ms=times.p50,
        p95_ms=times.p95,
        p99_ms=times.p99,
    )
