"""The results of a run: passed to reporters while it runs, and summarised at the end."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import yaml

from gradual_common.clock import NS_PER_S
from gradual_common.plan.loader import LoadedPlan
from gradual_common.process.logs import mask_in_logs
from gradual_common.protocol.job import mask_of
from gradual_common.protocol.messages import OnceReport, SampleMessage
from gradual_common.protocol.provisions import load_variables
from gradual_common.schedule.schedule import Schedule
from gradual_common.secrecy.credentials import without_credentials
from gradual_common.secrecy.masking import texts_in_values
from gradual_master.comparing.against import compare_with
from gradual_master.coordination.core import MasterCore
from gradual_master.coordination.events import Abort, Event, Note
from gradual_master.coordination.lifecycle import State
from gradual_master.reporting.interface.samples import SampleReceiver
from gradual_master.reporting.running.threads import ReporterThreads
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.facts import FleetFacts, RunFacts
from gradual_master.results.measures.watches import series_of
from gradual_master.results.summary.history import History, News
from gradual_master.results.summary.once import OnceResults
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary
from gradual_master.run.environment import RunClock, fingerprint
from gradual_master.run.options import RunOptions


class RunReport:
    """The aggregate of a run, and everything else that reporters get. Secrets are masked here."""

    def __init__(
        self, loaded: LoadedPlan, options: RunOptions, reporters: ReporterThreads, core: MasterCore, clock: RunClock
    ) -> None:
        self.aggregate = Aggregate(loaded.display_plan, loaded.schedule, options.interval)
        self._once = OnceResults(loaded.display_plan, options.interval)
        self._loaded = loaded
        self._options = options
        self._reporters = reporters
        self._core = core
        self._clock = clock
        self._mask = mask_of(loaded.job)
        self._sample_receiver = SampleReceiver(self.aggregate.index, clock.epoch, self.aggregate.is_warm_up)
        self._start: int | None = None
        self._news: list[News] = []
        self._sampled: set[str] = set()
        """The agents that have sent single samples."""

    def begin(self, start: int) -> None:
        """The schedule's time 0 is at the run time `start`."""
        self._start = self.aggregate.start = start
        self._reporters.on_test_start(self._facts())

    @property
    def origin(self) -> int:
        """The Unix time of the schedule's start, ns; once it has begun."""
        return self._clock.epoch + self.aggregate.start

    def reschedule(self, schedule: Schedule) -> None:
        """A search has chosen a level."""
        self.aggregate.reschedule(schedule)
        self._reporters.on_schedule(schedule)

    def close_interval(self, number: int) -> list[Event]:
        """Close an interval and pass it to the reporters; what an objective or a search decides then."""
        record = self.aggregate.close(number, self._core.finished)
        health = tuple(replace(agent, agent=self._core.name_of(agent.agent)) for agent in record.health)
        self._reporters.on_interval(replace(record, health=health))
        if self._core.state is not State.RUNNING:
            return []
        if (reason := self.aggregate.ends_run(number)) is not None:
            return [Abort(reason)]
        return [] if self.aggregate.search is None else [*self.aggregate.search.take_decisions()]

    def take_once(self, agent: str, report: OnceReport) -> None:
        """Merge the report of a set-up or teardown. What a set-up extracted is masked from now on."""
        values = [*texts_in_values(load_variables(report.variables))]
        if values:
            self._mask = self._mask.also(credentials=values)
            mask_in_logs((), values)
        self._once.merge(agent, self._core.name_of(agent), report)

    def hide_text(self, text: str) -> str:
        """Mask what is secret now; a set-up may have made more of it known since the start."""
        return self._mask.hide_text(text)

    def show(self, note: Note) -> None:
        """Pass a note to the reporters, after the start of the schedule."""
        if self._start is not None:
            at_s = max(0.0, (self._clock() - self._start) / NS_PER_S)
            agent = dict(note.about).get("agent", "")
            news = News(at_s, note.level, self._mask.hide_text(note.text), agent, note.agent_state, note.is_stop)
            self._news.append(news)
            self._reporters.on_news(news)

    def take_samples(self, message: SampleMessage) -> None:
        """Pass single samples of an agent to the reporters. The verdict does not use them."""
        incarnation = message.incarnation.hex()
        self._sampled.add(incarnation)
        agent = self._core.name_of(incarnation)
        for columns in message.blocks:
            block = self._sample_receiver.receive(agent, columns)
            if block is not None:
                self._reporters.on_samples(block)
        for exemplar in message.exemplars:
            self.aggregate.error_samples.add(agent, exemplar)

    @property
    def lacks_samples(self) -> bool:
        """Whether agents have still to send examples of failures, or samples that a reporter wants."""
        # The stream for samples is opened when they are first needed: in a short run it may open only after the end.
        return self.aggregate.lacks_examples or (
            self._reporters.want_samples
            and any(totals.requests and id_ not in self._sampled for id_, totals in self.aggregate.agents.items())
        )

    def facts(self, git: dict[str, Any] | None) -> tuple[RunFacts, FleetFacts]:
        """What the run and its fleet were; from here on nothing of them changes."""
        return replace(self._facts(), git=git), self._masked(self._core.facts())

    def summarize(self, facts: tuple[RunFacts, FleetFacts]) -> Summary:
        """Judge the run, and return its summary. It may take a second, and may be called in any thread."""
        run, fleet = facts
        summary = build_summary(self.aggregate, fleet, replace(run, fingerprint=fingerprint()), self._once)
        document = without_credentials(self._loaded.job.document)
        # The plan as it ran: the document that the agents got, not the file.
        history = History(
            series=self.aggregate.series.table(),
            news=tuple(self._news),
            schedule=self.aggregate.schedule,
            plan=self._mask.hide(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)),
            steps=self.aggregate.step_series.table(),
            watches=series_of(self.aggregate.courses),
        )
        if self._options.baseline is not None:
            summary = compare_with(summary, self._options.baseline)
        code = self._options.exit_codes.get(summary.run.exit_code, summary.run.exit_code)
        return replace(summary, history=history, run=replace(summary.run, exit_code=code))

    def _masked(self, facts: FleetFacts) -> FleetFacts:
        """Without secrets in what agents said of set-up and teardown."""
        hide = self._mask.hide_text
        once = (replace(one, failure=None if one.failure is None else hide(one.failure)) for one in facts.once)
        return replace(facts, once=tuple(once))

    def _facts(self) -> RunFacts:
        clock, core, hide = self._clock, self._core, self._mask.hide_text
        return RunFacts(
            id=clock.run,
            name=self._loaded.display_plan.config.name,
            started_at=clock.started_at.isoformat(),
            finished_at=datetime.now(UTC).isoformat(),
            duration_s=clock() / NS_PER_S,
            plan_sha256=self._loaded.sha256,
            load_sha256=self._loaded.load_sha256,
            profile=self._loaded.profile,
            seed=self._loaded.job.seed,
            command=hide(self._options.command),
            allow_missing=self._options.allow_missing,
            allow_saturated=self._options.allow_saturated,
            begins_at=None if self._start is None else clock.wall_time(self._start),
            tags={self._mask.hide(name): self._mask.hide_named(name, tag) for name, tag in self._options.tags.items()},
            stop_signal=core.signal,
            aborted=None if core.aborted is None else hide(core.aborted),
            failure=None if core.failure is None else hide(core.failure),
        )
