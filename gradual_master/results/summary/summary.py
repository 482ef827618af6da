"""The summary of a run: what was measured, its fleet, its verdict, in one document.

Nothing in it depends on the order in which batches came: the same measurements give the same document.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradual_common import __version__
from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import QUANTILE_ERROR
from gradual_common.kinds.failures import OK
from gradual_common.language.document import SETUP, TEARDOWN
from gradual_common.net.urls import origin_of
from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.batch import ACTIVE, CONNECT, COUNTERS, EXCHANGE, ITERATION, PACED, RESPONSE_TIME, TTFB
from gradual_common.rules.rule import CAPACITY
from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.facts import FleetFacts, RunFacts, SupplyFacts
from gradual_master.results.judging.evidence import Evidence, empty_iterations, uncovered_steps, unforeseen_steps
from gradual_master.results.judging.fleet import FleetReport
from gradual_master.results.judging.levels import LevelRow, LevelTable
from gradual_master.results.judging.littles_law import LittlesLaw, littles_law
from gradual_master.results.judging.saturation import judged_intervals, min_saturated_intervals
from gradual_master.results.judging.searched_levels import mark_searched
from gradual_master.results.judging.think_times import lateness_of
from gradual_master.results.judging.trials import GeneratorDoubts
from gradual_master.results.judging.verdict import Verdict, judge
from gradual_master.results.measures.distribution import Distribution, seconds
from gradual_master.results.measures.metrics import doubtful_metrics, metric_rows
from gradual_master.results.measures.scheduled_users import ScheduledUsers
from gradual_master.results.measures.totals import Selection, share
from gradual_master.results.measures.watches import watch_rows, watch_warnings, with_watches
from gradual_master.results.summary.actions import action_rows, transaction_rows
from gradual_master.results.summary.closed_model import closed_model_of
from gradual_master.results.summary.conclusions import Conclusions, conclude
from gradual_master.results.summary.once import OnceResults
from gradual_master.results.summary.sections import (
    SCHEMA,
    AnalysisSection,
    DataRow,
    GroupRow,
    PhaseRow,
    RunSection,
    Summary,
    TotalsSection,
)


def build_summary(aggregate: Aggregate, fleet: FleetFacts, run: RunFacts, once: OnceResults | None = None) -> Summary:
    """Close what is still open, judge the run and write its summary. `once`: what set-up and teardown measured."""
    aggregate.settle()
    if aggregate.search is not None:
        aggregate.search.end(aggregate.end, is_stopped=run.is_cut_short)
    return _Writer(aggregate, fleet, run, once or OnceResults(aggregate.plan, aggregate.interval)).write()


class _Writer:
    """Puts the sections together."""

    def __init__(self, aggregate: Aggregate, fleet: FleetFacts, run: RunFacts, once: OnceResults) -> None:
        self._aggregate = aggregate
        self._once = once
        self._plan, self._schedule, self._totals = aggregate.plan, aggregate.schedule, aggregate.totals
        self._facts = fleet
        self._run = run
        self._error_samples = aggregate.error_samples.rows(aggregate.start)
        self._errors = aggregate.errors()
        self._metrics = tuple(metric_rows(aggregate.index, aggregate.totals))
        self._end = self._wanted_until()
        self._watches = watch_rows(aggregate.courses, self._end // aggregate.interval)
        judged = judged_intervals(self._schedule, aggregate.interval, self._end)
        self._fleet = FleetReport(fleet, aggregate.agents, judged, aggregate.interval)
        self._levels = self._level_table()
        self._fleet_section = self._fleet.section(
            scheduled_user_s=float(self._levels.wanted().sum()) / NS_PER_S,
            missing_user_s=self._levels.missing() / NS_PER_S,
            level_spread=aggregate.level_spread,
        )

    def write(self) -> Summary:
        """The whole document."""
        aggregate, totals = self._aggregate, self._totals
        law = littles_law(totals.sums(totals.phases), self._levels.gaps(), self._fleet.user_times, aggregate.interval)
        search = None if aggregate.search is None else aggregate.search.result
        levels = with_watches(self._rows(search), aggregate.courses)
        doubts = None if search is None else GeneratorDoubts.of(search, levels, self._fleet.saturation)
        found = conclude(aggregate, levels, self._watches, None if self._run.allow_saturated else doubts)
        verdict = judge(self._evidence(law, found, doubts))
        once = {facts.section: self._once.section(facts) for facts in self._facts.once}
        whole = self._totals_section()
        model = closed_model_of(law, whole.requests, whole.response_time_ms.max, self._measured_s)
        return Summary(
            schema=SCHEMA,
            run=self._run_section(verdict),
            verdict=verdict,
            totals=whole,
            actions=action_rows(aggregate),
            setup=once.get(SETUP),
            teardown=once.get(TEARDOWN),
            groups=tuple(self._group(number) for number in range(aggregate.shape.groups)),
            data=tuple(_data_row(one) for one in self._facts.supplies),
            transactions=transaction_rows(aggregate),
            metrics=self._metrics,
            watches=self._watches,
            phases=tuple(self._phases()),
            levels=levels,
            fleet=self._fleet_section,
            agents=tuple(self._fleet.rows()),
            errors=self._errors,
            error_samples=self._error_samples,
            analysis=AnalysisSection(found.answer_of(verdict.status), law, model, found.scalability, found.capacity),
            comparison=None,
            quantile_error=QUANTILE_ERROR,
        )

    def _rows(self, search: CapacityResult | None) -> tuple[LevelRow, ...]:
        """The levels; those that a search has chosen say what they were for."""
        rows, searched = tuple(self._levels.rows()), self._schedule.searched
        if search is None or searched is None:
            return rows
        return mark_searched(rows, search, seconds(self._schedule.phases[searched.number].start))

    def _wanted_until(self) -> int:
        """The end of scheduled users, ns since the schedule's start: a run may end before its schedule."""
        end, measured = self._schedule.end, self._aggregate.end
        if self._run.failure is not None and end is not None and measured:
            # A failed run may have measured nothing at its end, but its users were scheduled until it failed.
            failed_at = round(self._run.duration_s * NS_PER_S) - self._aggregate.start
            return min(end, max(measured, failed_at))
        # A run that was stopped, or that has done its iterations, wanted users until its own end. Every other run
        # wanted them until the end of the schedule: if no agent measured that long, they are missing.
        # So did a run whose rows are used up.
        ends_early = (
            self._run.is_cut_short
            or any(one.is_used_up for one in self._facts.supplies)
            or self._aggregate.search is not None
            or any(group.iterations for group in self._plan.users)
        )
        if end is None or (ends_early and measured < end):
            return measured
        return end

    def _level_table(self) -> LevelTable:
        aggregate = self._aggregate
        return LevelTable(
            schedule=self._schedule,
            start=aggregate.start,
            levels=aggregate.levels,
            scheduled=ScheduledUsers(self._schedule, self._facts.finished, aggregate.start),
            end=self._end,
            saturation=self._fleet.saturation,
            names=tuple(f"{aggregate.index.groups[step.group]} / {step.name}" for step in aggregate.index.steps),
        )

    def _run_section(self, verdict: Verdict) -> RunSection:
        run = self._run
        return RunSection(
            id=run.id,
            name=self._plan.config.name,
            started_at=run.started_at,
            finished_at=run.finished_at,
            duration_s=round(run.duration_s, 3),
            measured_s=round(self._measured_s, 3),
            plan_sha256=run.plan_sha256,
            load_sha256=run.load_sha256,
            version=__version__,
            seed=run.seed,
            tags=dict(sorted(run.tags.items())),
            command=run.command,
            profile=run.profile,
            base_urls=_base_urls(self._plan),
            git=run.git,
            fingerprint=run.fingerprint,
            exit_code=verdict.code,
        )

    @property
    def _measured_s(self) -> float:
        return self._totals.seconds(self._totals.phases)

    def _totals_section(self) -> TotalsSection:
        totals, everything = self._totals, self._totals.everything()
        counts = {name: totals.counter(name, everything) for name in COUNTERS}
        warm_up = totals.counter("sent", replace(everything, phases=totals.warm_up))
        counts["sent"] += warm_up + self._once.sent
        requests, failures = totals.requests_and_failures(everything)
        return TotalsSection(
            requests=requests,
            failures=failures,
            error_rate=share(failures, requests),
            warm_up_sent=warm_up,
            setup_sent=self._once.sent,
            iterations=int(totals.sums(totals.measured).iterations[:, 0].sum()),
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
        measured_s = totals.seconds(totals.phases)
        active = int(totals.sums(totals.phases).users[number, ACTIVE]) / NS_PER_S
        iterations = Selection(totals.measured, (self._aggregate.index.iterations_of(number),))
        return GroupRow(
            name=self._aggregate.index.groups[number],
            users_target=self._most_scheduled(number),
            users_mean=round(active / measured_s, 3) if measured_s else None,
            users_max=round(float(self._aggregate.users_max[number]), 3),
            iterations=int(totals.sums(totals.measured).iterations[number, 0]),
            iteration_ms=self._distribution(ITERATION, iterations),
            iteration_from_due_ms=self._distribution(PACED, iterations),
        )

    def _most_scheduled(self, group: int) -> int:
        """The most users that a group was to have; of a search not those that it might have climbed to."""
        if self._schedule.searched is None:
            return self._schedule.peak[group]
        return max((change.users[group] for change in self._schedule.changes if change.at < self._end), default=0)

    def _phases(self) -> Iterator[PhaseRow]:
        for phase in self._schedule.phases:
            if phase.start >= self._end:
                continue
            mine = Selection((phase.number,), self._totals.everything().steps)
            requests, failures = self._totals.requests_and_failures(mine)
            yield PhaseRow(
                name=phase.name,
                start_s=seconds(phase.start),
                end_s=seconds(min(phase.end, self._end)),
                warm_up=phase.warm_up,
                requests=requests,
                failures=failures,
                error_rate=share(failures, requests),
                throughput_rps=self._rate((phase.number,), only_ok=True),
                request_rate_rps=self._rate((phase.number,)),
                response_time_ms=self._distribution(RESPONSE_TIME, mine),
            )

    def _evidence(self, law: LittlesLaw, found: Conclusions, doubts: GeneratorDoubts | None) -> Evidence:
        aggregate, totals, index = self._aggregate, self._totals, self._aggregate.index
        search = aggregate.search
        objectives = [*(watch.objective for watch in aggregate.watches), *(search.objectives if search else ())]
        return Evidence(
            run=self._run,
            objectives=aggregate.judge(is_cut_short=self._run.is_cut_short),
            fleet=self._fleet_section,
            law=law,
            lost=tuple(agent.name for agent in self._facts.agents if agent.lost),
            losses=self._fleet.losses,
            lost_rows=tuple((one.name, one.lost) for one in self._facts.supplies if one.lost),
            saturated=self._fleet.saturated,
            standstills=self._fleet.standstills,
            late_levels=self._facts.late_levels,
            lateness=lateness_of(self._plan, index, totals, aggregate.agents.values()),
            empty=empty_iterations(index, totals),
            unforeseen=(*self._once.unforeseen(), *unforeseen_steps(index, totals, self._error_samples)),
            teardown=next((facts.failure for facts in self._facts.once if facts.section == TEARDOWN), None),
            doubtful=(*doubtful_metrics(self._metrics), *watch_warnings(self._watches)),
            uncovered=tuple(uncovered_steps(index, totals, objectives, self._errors, self._failing_while_it_held())),
            tolerated_user_s=self._levels.allowance / NS_PER_S,
            analysis_failure=found.failure,
            capacity=found.capacity,
            doubts=() if doubts is None or found.capacity is None else doubts.about(found.capacity),
            rests_on_trials=self._rests_on_trials(found.capacity),
            min_saturated_intervals=min_saturated_intervals(aggregate.interval),
        )

    def _failing_while_it_held(self) -> frozenset[str] | None:
        """Of a search: the steps that failed at levels that held. At others they may: that is why those did not."""
        search = self._aggregate.search
        if search is None or search.result is None:
            return None
        held = search.result.held_of(tuple(self._levels.rows()))
        return frozenset(step for row in held for step in row.failing)

    def _rests_on_trials(self, found: CapacityResult | None) -> bool:
        """Whether a search alone decides: no objective of the plan's own is on what was measured over the run."""
        objectives = (watch.objective for watch in self._aggregate.watches)
        over_run = any(
            one.is_own and one.severity == "fail" and one.rule.series not in ("agent", CAPACITY) for one in objectives
        )
        return found is not None and bool(found.deciding) and not over_run

    def _rate(self, phases: tuple[int, ...], *, only_ok: bool = False) -> float | None:
        """Samples per second over these phases; the drain and pauses lie outside."""
        measured_s = self._totals.seconds(phases)
        kinds = (OK,) if only_ok else None
        requests = self._totals.requests(Selection(phases, self._totals.everything().steps, kinds))
        return round(requests / measured_s, 3) if measured_s else None

    def _distribution(self, measure: int, selection: Selection) -> Distribution:
        return Distribution.of(self._totals.histogram(measure, selection))


def _base_urls(plan: Plan) -> tuple[str, ...]:
    """The base URL, then those of services, then the origins of actions that name their own."""
    urls = [service.base_url or "" for service in (plan.config, *plan.services.values())]
    urls += [origin_of(action.address.partition("{")[0]) for action in plan.actions.values()]
    return tuple(filter(None, dict.fromkeys(urls)))


def _data_row(one: SupplyFacts) -> DataRow:
    return DataRow(one.name, one.rows, one.handed_out, one.used, one.lost, one.is_used_up)
