"""The parts of `gradual.summary/1` (docs/design/results.md, "The summary"): every field is a key of the document.

Times in `_s` are seconds, in `_ms` milliseconds; rates and shares without data are None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.analysis.scalability.result import Scalability
from gradual_master.results.judging.fleet import AgentRow, FleetSection
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.judging.littles_law import LittlesLaw
from gradual_master.results.judging.verdict import Verdict
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.error_samples import ErrorSample
from gradual_master.results.measures.errors import ErrorRow
from gradual_master.results.measures.metrics import MetricRow
from gradual_master.results.measures.watches import WatchRow
from gradual_master.results.section import Cell, Section, flat_row
from gradual_master.results.summary.closed_model import ClosedModel
from gradual_master.results.summary.comparison import BaselineComparison
from gradual_master.results.summary.history import History

SCHEMA = "gradual.summary/1"


@dataclass(frozen=True, slots=True)
class RunSection(Section):
    """What was run, when, where and by which command."""

    id: str
    name: str
    started_at: str
    finished_at: str
    duration_s: float
    measured_s: float
    """Without warm-up, pauses and the drain."""
    plan_sha256: str
    load_sha256: str
    """Of the plan without its base URLs: runs that can be compared have the same."""
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
    """The whole run without its warm-up phases, which are in `sent` and `warm_up_sent` alone."""

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
    further: int
    """Messages of the further requests of a sample, such as those of a Python action."""
    auth_sent: int
    """Messages that authentication added: answers to challenges, fetches of tokens."""
    iterations: int
    bytes_sent: int
    bytes_received: int
    throughput_rps: float | None
    request_rate_rps: float | None
    response_time_ms: Distribution
    """Of all samples with a response, independent of assertions."""
    ok_response_time_ms: Distribution
    """Of successful samples: requests that fail fast would make the times look better than any user saw."""
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
    """One step of one group."""

    group: str
    step: str
    action: str
    service: str | None
    """That the action names."""
    tags: dict[str, str]
    """Of the action."""
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
    """Of its response times, lossless (`Histogram.from_json`)."""


@dataclass(frozen=True, slots=True)
class TransactionRow(Section):
    """The transactions of one name in one group, or the polls of one step."""

    group: str
    transaction: str
    count: int
    """Those that ended; one that a stop cuts off is not counted."""
    failures: int
    success_rate: float | None
    errors: dict[str, int]
    """By the first failure in each."""
    duration_ms: Distribution
    """Wall time without the deliberate waits in it."""
    ok_duration_ms: Distribution
    histogram: dict[str, Any]
    """Of its durations, lossless (`Histogram.from_json`)."""


@dataclass(frozen=True, slots=True)
class OnceSection(Section):
    """The set-up or the teardown: its rows are in no other part of the summary."""

    status: str
    """"passed", "failed" or "not performed"."""
    agent: str | None
    """Who performed it."""
    duration_s: float | None
    """None if it was not reported, as all that it measured."""
    reason: str | None
    """Why it failed, or was not performed though it was due."""
    actions: tuple[ActionRow, ...]
    transactions: tuple[TransactionRow, ...]
    errors: tuple[ErrorRow, ...]
    """Seconds in these two count from its beginning."""
    error_samples: tuple[ErrorSample, ...]


@dataclass(frozen=True, slots=True)
class GroupRow(Section):
    """One user group."""

    name: str
    users_target: int
    """The most users scheduled."""
    users_mean: float | None
    """Over the measured time."""
    users_max: float
    """The most active at once."""
    iterations: int
    iteration_ms: Distribution
    """What its iterations took, from their actual start."""
    iteration_from_due_ms: Distribution
    """From when they were due by the group's pacing; empty without one."""


@dataclass(frozen=True, slots=True)
class DataRow(Section):
    """The rows of a data set with `per: iteration`; sets of one file share them."""

    name: str
    rows: int
    """In the file, without those that belong to users."""
    handed_out: int
    """Rows that agents got, in all passes over the file."""
    used: int
    """Rows that iterations got, as far as agents have reported."""
    lost: int
    """Rows that lost agents got and did not report as used: nobody else gets them."""
    exhausted: bool
    """Whether no row is left to hand out; never with `on_exhausted: recycle`."""


@dataclass(frozen=True, slots=True)
class PhaseRow(Section):
    """One phase; seconds since the schedule's start."""

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
class AnalysisSection(Section):
    """Conclusions about the system and the generator; None: not analysed."""

    answer: tuple[str, ...] = ()
    """What the run says of the system, in sentences; empty for a run without a ramp."""
    littles_law: LittlesLaw | None = None
    closed_model: ClosedModel | None = None
    """Under which load the response times were measured; None without a response."""
    scalability: Scalability | None = None
    """None: a run at one concurrency."""
    capacity: CapacityResult | None = None
    """Of a plan with `find_capacity`."""


TABLES = (
    *("actions", "groups", "data", "transactions", "metrics", "watches", "phases", "levels", "agents"),
    *("errors", "objectives"),
)
"""The parts of a summary that can be read as flat rows."""

_shown_by: list[Callable[[Summary], str]] = [repr, repr]


def show_by(text: Callable[[Summary], str], html: Callable[[Summary], str]) -> None:
    """Set how `str(summary)` and notebooks show a summary; called when `reporting` is imported."""
    _shown_by[:] = [text, html]


@dataclass(frozen=True, slots=True)
class Summary(Section):
    """The result of a run: attributes, keys and `to_dict()` of `gradual.summary/1`."""

    schema: str
    run: RunSection
    verdict: Verdict
    totals: TotalsSection
    actions: tuple[ActionRow, ...]
    setup: OnceSection | None
    """None without one in the plan, as `teardown`."""
    teardown: OnceSection | None
    groups: tuple[GroupRow, ...]
    data: tuple[DataRow, ...]
    transactions: tuple[TransactionRow, ...]
    metrics: tuple[MetricRow, ...]
    watches: tuple[WatchRow, ...]
    """Metrics of the system itself."""
    phases: tuple[PhaseRow, ...]
    levels: tuple[LevelRow, ...]
    fleet: FleetSection
    agents: tuple[AgentRow, ...]
    errors: tuple[ErrorRow, ...]
    error_samples: tuple[ErrorSample, ...]
    analysis: AnalysisSection
    comparison: BaselineComparison | None
    """With a baseline; None: the run was not to be compared."""
    quantile_error: float
    history: History | None = field(default=None, repr=False, compare=False, metadata={"aside": True})
    """The run over time: no part of the document; None for a summary that was read from one."""

    @property
    def chronicle(self) -> History | None:
        """The former name of `history`."""
        return self.history

    def rows(self, table: str) -> list[dict[str, Cell]]:
        """One of `TABLES` as flat rows, for a data frame (`flat_row`); KeyError for another name."""
        if table not in TABLES:
            raise KeyError(f"{table!r}; there are {', '.join(TABLES)}")
        sections = self.verdict.objectives if table == "objectives" else self[table]
        return [flat_row(section) for section in sections]

    def __str__(self) -> str:
        return _shown_by[0](self)

    def _repr_html_(self) -> str:
        return _shown_by[1](self)
