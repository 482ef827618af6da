"""The parts of `gradual.summary/1` (RESULTS.md): every field is a key of the document.

Times in `_s` are seconds, in `_ms` milliseconds; rates and shares without data are None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradual_master.results.judging.littles_law import LittlesLaw
from gradual_master.results.judging.verdict import Verdict
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.levels import LevelRow
from gradual_master.results.summary.chronicle import Chronicle
from gradual_master.results.summary.error_rows import ErrorRow
from gradual_master.results.summary.error_samples import ErrorSample
from gradual_master.results.summary.flat import Cell, flat_row
from gradual_master.results.summary.notebook import render_summary
from gradual_master.results.summary.section import Section

SCHEMA = "gradual.summary/1"


@dataclass(frozen=True, slots=True)
class RunSection(Section):
    """What was run, when, where and by which command. `measured_s` leaves warm-up, pauses and the drain out."""

    id: str
    name: str
    started_at: str
    finished_at: str
    duration_s: float
    measured_s: float
    plan_sha256: str
    version: str
    seed: int
    tags: dict[str, str]
    command: str
    profile: str | None
    base_urls: tuple[str, ...]
    git: dict[str, Any] | None
    fingerprint: dict[str, Any] | None
    exit_code: int


@dataclass(frozen=True, slots=True)
class TotalsSection(Section):
    """The whole run without its warm-up phases, which are in `sent` and `warm_up_sent` alone.

    `response_time_ms` is over all samples with a response, whatever the assertions said; `ok_response_time_ms` over
    the successful ones: quick refusals make the one look better than what anybody was served with.
    """

    requests: int
    failures: int
    error_rate: float | None
    unsent: int
    interrupted: int
    skipped: int
    sent: int
    warm_up_sent: int
    setup_sent: int
    hops: int
    retried: int
    resent: int
    iterations: int
    bytes_sent: int
    bytes_received: int
    throughput_rps: float | None
    request_rate_rps: float | None
    response_time_ms: Distribution
    ok_response_time_ms: Distribution
    exchange_ms: Distribution
    ttfb_ms: Distribution
    connect_ms: Distribution


@dataclass(frozen=True, slots=True)
class AssertionRow(Section):
    """One assertion of an action over the samples of a step."""

    assertion: str
    passed: int
    failed: int


@dataclass(frozen=True, slots=True)
class ActionRow(Section):
    """One step of one group; `histogram` is that of its response times, lossless (`Histogram.from_json`)."""

    group: str
    step: str
    action: str
    requests: int
    failures: int
    success_rate: float | None
    sent: int
    unsent: int
    interrupted: int
    skipped: int
    errors: dict[str, int]
    status_codes: dict[str, int]
    assertions: tuple[AssertionRow, ...]
    response_time_ms: Distribution
    ok_response_time_ms: Distribution
    exchange_ms: Distribution
    ttfb_ms: Distribution
    histogram: dict[str, Any]


@dataclass(frozen=True, slots=True)
class GroupRow(Section):
    """One user group: the most users scheduled, the mean over the measured time, the most seen at once."""

    name: str
    users_target: int
    users_mean: float | None
    users_max: float
    iterations: int


@dataclass(frozen=True, slots=True)
class PhaseRow(Section):
    """One phase; seconds since the schedule's begin."""

    name: str
    start_s: float
    end_s: float
    warm_up: bool
    requests: int
    failures: int
    error_rate: float | None
    throughput_rps: float | None
    request_rate_rps: float | None
    response_time_ms: Distribution


@dataclass(frozen=True, slots=True)
class FleetSection(Section):
    """The fleet over the run. `begun` counts lost agents by their last ping, all others by what they delivered.

    `intervals`: those that are judged; `saturated_intervals`: those of them in which any agent was saturated.
    """

    scheduled_user_s: float
    missing_user_s: float
    late_starts: int
    moves: int
    resent_batches: int
    late_batches: int
    dropped_batches: int
    begun: int
    merged: int
    level_spread_ms: float
    intervals: int
    saturated_intervals: int


@dataclass(frozen=True, slots=True)
class AgentRow(Section):
    """One agent. `cpu_p95` is a share of a core; `begun` − `merged` requests of it are unknown.

    `saturated`: in how many of `fleet.intervals` it was saturated; None: it reported nothing. `left`: it drained away
    on request.
    """

    id: str
    name: str
    host: str
    requests: int
    begun: int
    merged: int
    cpu_p95: float | None
    loop_lag_ms_p99: float | None
    start_lag_ms_p99: float | None
    saturated: int | None
    lost: bool
    left: bool
    clock_offset_ms: float | None


@dataclass(frozen=True, slots=True)
class AnalysisSection(Section):
    """What the run says about the system beyond its figures; None: not analysed."""

    littles_law: LittlesLaw | None = None
    scalability: dict[str, Any] | None = None
    capacity: dict[str, Any] | None = None


TABLES = ("actions", "groups", "phases", "levels", "agents", "errors", "objectives")
"""What of a summary can be had as flat rows."""

_shown: list[Callable[[Summary], str]] = [repr]


def show_by(render: Callable[[Summary], str]) -> None:
    """How `str(summary)` is made. Reporting says so when it is loaded: results know nothing of screens."""
    _shown[0] = render


@dataclass(frozen=True, slots=True)
class Summary(Section):
    """The result of a run: attributes, keys and `to_dict()` of `gradual.summary/1`.

    `chronicle`, the course of the run, is no part of the document; None for a summary that was read from one.
    """

    schema: str
    run: RunSection
    verdict: Verdict
    totals: TotalsSection
    actions: tuple[ActionRow, ...]
    groups: tuple[GroupRow, ...]
    transactions: tuple[Any, ...]
    phases: tuple[PhaseRow, ...]
    levels: tuple[LevelRow, ...]
    fleet: FleetSection
    agents: tuple[AgentRow, ...]
    errors: tuple[ErrorRow, ...]
    error_samples: tuple[ErrorSample, ...]
    analysis: AnalysisSection
    comparison: dict[str, Any] | None
    quantile_error: float
    chronicle: Chronicle | None = field(default=None, repr=False, compare=False, metadata={"aside": True})

    def rows(self, table: str) -> list[dict[str, Cell]]:
        """One of `TABLES` as flat rows, for a data frame (`flat`); KeyError for another name."""
        if table not in TABLES:
            raise KeyError(f"{table!r}; there are {', '.join(TABLES)}")
        sections = self.verdict.objectives if table == "objectives" else self[table]
        return [flat_row(section) for section in sections]

    def __str__(self) -> str:
        return _shown[0](self)

    def _repr_html_(self) -> str:
        return render_summary(self)
