"""The summary of a run: its figures from the aggregate, its fleet, its verdict, in one document.

Nothing in it depends on the order in which batches came: the same measurements give the same document.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

import numpy as np

from gradual_common import __version__
from gradual_common.clock import NS_PER_S
from gradual_common.errors import RequestError
from gradual_common.histogram.buckets import QUANTILE_ERROR, Int64
from gradual_common.kinds.failures import KIND, OK
from gradual_common.net.urls import split_authority
from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.batch import ACTIVE, CONNECT, COUNTERS, EXCHANGE, IN_REQUEST, RESPONSE_TIME, THINKING, TTFB
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.facts import FleetFacts, RunFacts
from gradual_master.results.judging.coverage import uncovered_steps
from gradual_master.results.judging.evidence import Unforeseen
from gradual_master.results.judging.fleet import FleetReport, FleetSection
from gradual_master.results.judging.littles_law import MOST_SHOWN, LittlesLaw, unaccounted_share, window_of
from gradual_master.results.judging.saturation import MeasuredTime
from gradual_master.results.judging.think_times import lateness_of
from gradual_master.results.judging.verdict import Evidence, Verdict, judge
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.levels import LevelFigures, ScheduledUsers
from gradual_master.results.measures.totals import Selection, share
from gradual_master.results.summary.action_rows import action_rows
from gradual_master.results.summary.sections import (
    SCHEMA,
    AnalysisSection,
    GroupRow,
    PhaseRow,
    RunSection,
    Summary,
    TotalsSection,
)

__all__ = ["Summary", "Tolerance", "build_summary"]


INTERNAL = KIND["internal"]


class Tolerance(Protocol):
    """What a verdict puts up with."""

    @property
    def allow_missing(self) -> float:
        """The share of the scheduled user-seconds that may be missing, in [0, 1]."""
        ...

    @property
    def allow_saturated(self) -> bool:
        """Whether a generator that was the bottleneck is a warning only."""
        ...


def build_summary(aggregate: Aggregate, fleet: FleetFacts, run: RunFacts, options: Tolerance) -> Summary:
    """Close what is still open, judge the run and write its summary."""
    aggregate.settle()
    return _Writer(aggregate, fleet, run).write(options)


class _Writer:
    """Puts the sections together."""

    def __init__(self, aggregate: Aggregate, fleet: FleetFacts, run: RunFacts) -> None:
        self._plan = aggregate.plan
        self._error_samples = aggregate.error_samples.rows(aggregate.start)
        self._errors = aggregate.errors()
        self._schedule = aggregate.schedule
        self._aggregate = aggregate
        self._facts = fleet
        self._run = run
        self._totals = aggregate.totals
        self._end = self._wanted_until()
        measured = MeasuredTime(aggregate.schedule, aggregate.interval, self._end)
        self._fleet = FleetReport(fleet, aggregate, measured)
        self._table = self._level_figures()

    def write(self, options: Tolerance) -> Summary:
        """The whole document."""
        fleet = self._fleet_section()
        law = self._littles_law()
        verdict = judge(self._evidence(fleet, law, options))
        return Summary(
            schema=SCHEMA,
            run=self._run_section(verdict),
            verdict=verdict,
            totals=self._totals_section(),
            actions=action_rows(self._plan, self._aggregate),
            groups=tuple(self._group(number) for number in range(self._aggregate.shape.groups)),
            transactions=(),
            phases=tuple(self._phases()),
            levels=tuple(self._table.rows()),
            fleet=fleet,
            agents=tuple(self._fleet.rows()),
            errors=self._errors,
            error_samples=self._error_samples,
            analysis=AnalysisSection(littles_law=law),
            comparison=None,
            quantile_error=QUANTILE_ERROR,
        )

    def _wanted_until(self) -> int:
        """Until when users were wanted, ns since the schedule's begin: a run may end before its schedule."""
        if self._run.failure is not None and self._schedule.end is not None and self._aggregate.end:
            # Without an agent nothing was measured, and users were wanted all the same.
            failed_at = round(self._run.duration_s * NS_PER_S) - self._aggregate.start
            return min(self._schedule.end, max(self._aggregate.end, failed_at))
        ends_early = self._run.stop_signal or self._run.failure or any(group.iterations for group in self._plan.users)
        if self._schedule.end is None or (ends_early and self._aggregate.end < self._schedule.end):
            return self._aggregate.end
        return self._schedule.end

    def _level_figures(self) -> LevelFigures:
        aggregate, finished = self._aggregate, self._facts.finished
        judged = [finished is not None or group.iterations is None for group in self._plan.users]
        return LevelFigures(
            aggregate.shape,
            self._schedule,
            aggregate.level_figures,
            aggregate.level_histograms,
            ScheduledUsers(self._schedule, finished or (), aggregate.start),
            self._end,
            np.array(judged, dtype=np.int64),
            self._fleet.saturation,
            tuple(f"{aggregate.index.groups[step.group]} / {step.name}" for step in aggregate.index.steps),
        )

    def _run_section(self, verdict: Verdict) -> RunSection:
        run = self._run
        return RunSection(
            id=run.id,
            name=self._plan.config.name,
            started_at=run.started_at,
            finished_at=run.finished_at,
            duration_s=round(run.duration_s, 3),
            measured_s=round(self._totals.seconds(self._totals.phases), 3),
            plan_sha256=run.plan_sha256,
            version=__version__,
            seed=run.seed,
            tags=dict(sorted(run.tags.items())),
            command=run.command,
            profile=None,
            base_urls=_base_urls(self._plan),
            git=run.git,
            fingerprint=run.fingerprint,
            exit_code=verdict.code,
        )

    def _totals_section(self) -> TotalsSection:
        totals, everything = self._totals, self._totals.everything()
        counts = {name: totals.counter(name, everything) for name in COUNTERS}
        warm_up = totals.counter("sent", replace(everything, phases=totals.warm_up))
        counts["sent"] += warm_up
        requests, failures = self._requests(everything)
        return TotalsSection(
            requests=requests,
            failures=failures,
            error_rate=share(failures, requests),
            warm_up_sent=warm_up,
            setup_sent=0,
            iterations=int(totals.iterations(totals.measured)[:, 0].sum()),
            throughput_rps=self._rate(totals.phases, only_ok=True),
            request_rate_rps=self._rate(totals.phases),
            response_time_ms=self._distribution(RESPONSE_TIME, everything),
            ok_response_time_ms=self._distribution(RESPONSE_TIME, replace(everything, kinds=(OK,))),
            exchange_ms=self._distribution(EXCHANGE, everything),
            ttfb_ms=self._distribution(TTFB, everything),
            connect_ms=self._distribution(CONNECT, everything),
            **counts,
        )

    def _group(self, number: int) -> GroupRow:
        totals = self._totals
        seconds = totals.seconds(totals.phases)
        active = int(totals.users(totals.phases)[number, ACTIVE]) / NS_PER_S
        return GroupRow(
            name=self._aggregate.index.groups[number],
            users_target=self._schedule.peak[number],
            users_mean=round(active / seconds, 3) if seconds else None,
            users_max=round(float(self._aggregate.users_max[number]), 3),
            iterations=int(totals.iterations(totals.measured)[number, 0]),
        )

    def _phases(self) -> Iterable[PhaseRow]:
        for phase in self._schedule.phases:
            if phase.start >= self._end:
                continue
            mine = Selection((phase.number,), self._totals.everything().steps)
            requests, failures = self._requests(mine)
            yield PhaseRow(
                name=phase.name,
                start_s=round(phase.start / NS_PER_S, 3),
                end_s=round(min(phase.end, self._end) / NS_PER_S, 3),
                warm_up=phase.warm_up,
                requests=requests,
                failures=failures,
                error_rate=share(failures, requests),
                throughput_rps=self._rate((phase.number,), only_ok=True),
                request_rate_rps=self._rate((phase.number,)),
                response_time_ms=self._distribution(RESPONSE_TIME, mine),
            )

    def _fleet_section(self) -> FleetSection:
        return self._fleet.section(
            scheduled_user_s=float(self._table.wanted().sum()) / NS_PER_S,
            missing_user_s=float(self._table.missing().sum()) / NS_PER_S,
        )

    def _littles_law(self) -> LittlesLaw:
        totals = self._totals
        users, unattended = totals.users(totals.phases), totals.unattended(totals.phases)
        share = unaccounted_share(users, unattended)
        windows, flagged = self._fleet.windows()
        return LittlesLaw(
            unaccounted=None if share is None else round(share, 6),
            active_user_s=_user_seconds(users, ACTIVE),
            in_request_user_s=_user_seconds(users, IN_REQUEST),
            thinking_user_s=_user_seconds(users, THINKING),
            unattended_user_s=round(unattended / NS_PER_S, 3),
            levels=tuple(self._table.gaps()),
            window_s=round(window_of(self._aggregate.interval) / NS_PER_S, 3),
            windows=windows,
            flagged=len(flagged),
            worst=tuple(flagged[:MOST_SHOWN]),
        )

    def _evidence(self, fleet: FleetSection, law: LittlesLaw, options: Tolerance) -> Evidence:
        iterations = self._totals.iterations((*self._totals.measured, *self._totals.warm_up))
        least, unaccounted = self._table.least() / NS_PER_S, law.unaccounted or 0.0
        return Evidence(
            objectives=self._aggregate.judge(is_cut_short=bool(self._run.stop_signal or self._run.failure)),
            stop_signal=self._run.stop_signal,
            failure=self._run.failure,
            scheduled_user_s=fleet.scheduled_user_s,
            missing_user_s=fleet.missing_user_s,
            allow_missing=options.allow_missing,
            begun=fleet.begun,
            merged=fleet.merged,
            lost=tuple(agent.name for agent in self._facts.agents if agent.lost),
            losses=self._fleet.losses,
            resent_batches=fleet.resent_batches,
            late_batches=fleet.late_batches,
            dropped_batches=fleet.dropped_batches,
            late_levels=self._facts.late_levels,
            late_starts=fleet.late_starts,
            level_spread=self._aggregate.level_spread,
            intervals=fleet.intervals,
            saturated_intervals=fleet.saturated_intervals,
            saturated=self._fleet.saturated,
            unaccounted=unaccounted if unaccounted * law.active_user_s > least else 0.0,
            flagged=law.flagged,
            worst=law.worst[0] if law.worst else None,
            standstills=self._fleet.standstills,
            lateness=lateness_of(self._plan, self._aggregate),
            allow_saturated=options.allow_saturated,
            unforeseen=tuple(self._unforeseen()),
            least_user_s=least,
            least_saturated=self._fleet.saturation.least,
            uncovered=tuple(uncovered_steps(self._aggregate, self._errors)),
            empty={
                name: max(0, int(iterations[number, 1]) - self._unsent(number))
                for number, name in enumerate(self._aggregate.index.groups)
            },
        )

    def _unsent(self, group: int) -> int:
        """Requests of a group that could not be sent: it is not their conditions that make such iterations empty."""
        totals = self._totals
        steps = tuple(step.number for step in self._aggregate.index.steps if step.group == group)
        return totals.counter("unsent", Selection((*totals.measured, *totals.warm_up), steps))

    def _unforeseen(self) -> Iterable[Unforeseen]:
        """Steps that failed as `internal`, wherever in the run."""
        index, totals = self._aggregate.index, self._totals
        phases = (*totals.measured, *totals.warm_up)
        for step in index.steps:
            group = index.groups[step.group]
            if number := totals.requests(Selection(phases, (step.number,), (INTERNAL,))):
                told = (
                    one.detail
                    for one in self._error_samples
                    if (one.group, one.step, one.kind) == (group, step.name, "internal")
                )
                yield Unforeseen(group, step.name, number, next(told, ""))

    def _requests(self, selection: Selection) -> tuple[int, int]:
        """Completed samples, and how many of them failed."""
        by_kind = self._totals.by_kind(selection)
        requests = sum(by_kind.values())
        return requests, requests - by_kind.get(OK, 0)

    def _rate(self, phases: tuple[int, ...], *, only_ok: bool = False) -> float | None:
        """Samples a second over these phases; the drain and pauses lie outside."""
        seconds = self._totals.seconds(phases)
        kinds = (OK,) if only_ok else None
        count = self._totals.requests(Selection(phases, self._totals.everything().steps, kinds))
        return round(count / seconds, 3) if seconds else None

    def _distribution(self, measure: int, selection: Selection) -> Distribution:
        return Distribution.of(self._totals.histogram(measure, selection))


def _base_urls(plan: Plan) -> tuple[str, ...]:
    """The base URL, then the origins of actions that name their own."""
    urls = [plan.config.base_url] if plan.config.base_url else []
    urls += [_origin_of(action.url.partition("{")[0]) for action in plan.actions.values()]
    return tuple(filter(None, dict.fromkeys(urls)))


def _origin_of(url: str) -> str:
    """What stands before the path of an absolute URL, as far as it was written; else nothing."""
    try:
        scheme, authority, _ = split_authority(url)
    except RequestError:
        return ""
    is_whole = authority and authority.count("[") == authority.count("]")
    return f"{scheme}://{authority}" if is_whole else ""


def _user_seconds(users: Int64, state: int) -> float:
    return round(float(users[:, state].sum()) / NS_PER_S, 3)
