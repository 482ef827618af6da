"""From a plan to its objectives: thresholds, the steps' success rates, and the one that is always in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from gradual_common.clock import NS_PER_S
from gradual_common.kinds.failures import OK, FailureKinds
from gradual_common.plan.model.plan import Plan, Threshold
from gradual_common.plan.model.series import MetricSeries, SeriesIndex, StepSeries, TransactionSeries
from gradual_common.rules.parser import parse_rule
from gradual_common.rules.rule import CAPACITY, METRIC_SERIES, OUTCOMES, TAG, WATCH, Rule, Scope, ScopeItem, write_rule
from gradual_common.schedule.schedule import Schedule
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.measures.totals import Selection
from gradual_master.results.merging.sums import OUTSIDE

ON_FAILURES = frozenset({"error_rate", "success_rate", "failures"})

ALWAYS = "error_rate < 100%"
"""A run without a single success never passes, independent of its plan."""


DEFAULT = "error_rate < 5%"
"""Applies when a plan has no objective for failures: a run with half of its requests failed must not pass."""

DEFAULT_NAME = f"{DEFAULT} (default)"
DEFAULT_ADVICE = "; `thresholds:` sets another limit, `thresholds: []` none"


@dataclass(frozen=True, slots=True)
class Objectives:
    """The objectives of a plan."""

    judged: tuple[Objective, ...]
    """Over the run, its windows or its levels."""
    steering: tuple[Objective, ...] = ()
    """They decide whether a level of a search holds, and are not judged: some levels are to break them."""


def plan_objectives(plan: Plan, index: SeriesIndex, schedule: Schedule) -> Objectives:
    """All objectives of a plan; RuleError for a threshold that cannot be read (loading a plan finds those first)."""
    names, search = _Names(index, schedule), plan.search
    own = (
        *(objective for threshold in plan.thresholds for objective in _of_threshold(threshold, names)),
        *_of_steps(plan, index, names),
    )
    if search is None:
        return Objectives((*own, *_default(plan, own, names), *_always(names)))
    steering = tuple(objective for objective in own if _steers(objective))
    if search.objectives:
        steering = tuple(one for text in search.objectives for one in _of_threshold(Threshold(rule=text), names))
    judged = tuple(objective for objective in own if objective not in steering)
    return Objectives((*judged, *_always(names)), (*steering, *_default(plan, steering, names)))


def _steers(objective: Objective) -> bool:
    """Whether an objective can fail a level of a search; warnings and the health of agents cannot."""
    return objective.severity == "fail" and objective.rule.series not in ("agent", CAPACITY)


def thresholds_by_name(plan: Plan, index: SeriesIndex, schedule: Schedule) -> dict[str, int]:
    """The number of the threshold that an objective comes from, by the objective's name; of two, the first."""
    names, found = _Names(index, schedule), dict[str, int]()
    for number, threshold in enumerate(plan.thresholds):
        for objective in _of_threshold(threshold, names):
            found.setdefault(objective.name, number)
    return found


def judges_failures(rule: Rule) -> bool:
    """Whether an objective is on how many samples fail."""
    if rule.series in (WATCH, CAPACITY):  # Its statistic is a name of the plan.
        return False
    return rule.statistic in ON_FAILURES or (rule.statistic == "count" and rule.scope.outcomes == ("failed",))


def _default(plan: Plan, own: Iterable[Objective], names: _Names) -> Iterator[Objective]:
    """The limit of failures where the plan has none. An empty list of thresholds turns it off."""
    is_silent = bool(plan.thresholds) or "thresholds" not in plan.model_fields_set
    if is_silent and not any(judges_failures(objective.rule) for objective in own):
        for objective in _of_threshold(Threshold(rule=DEFAULT, name=DEFAULT_NAME), names):
            yield replace(objective, is_own=False, advice=DEFAULT_ADVICE)


def _always(names: _Names) -> Iterator[Objective]:
    """What applies to every run."""
    for objective in _of_threshold(Threshold(rule=ALWAYS), names):
        yield replace(objective, is_own=False)


def _of_threshold(threshold: Threshold, names: _Names) -> Iterator[Objective]:
    aborts_from_s = names.measured_from_s + (threshold.after or 0) / NS_PER_S if threshold.abort else None
    return (replace(objective, aborts_from_s=aborts_from_s) for objective in _expanded(threshold, names))


def _expanded(threshold: Threshold, names: _Names) -> Iterator[Objective]:
    """One objective, or one for each name that a `*` matches."""
    rule = parse_rule(threshold.rule)
    if not rule.scope.starred:
        yield _objective(rule, threshold.name or rule.text, threshold.severity, names)
        return
    for scope in names.expand(rule.scope):
        one = replace(rule, scope=scope)
        name = f"{threshold.name} ({scope})" if threshold.name else write_rule(one)
        objective = _objective(one, name, threshold.severity, names, needs_data=False)
        if objective.selection.steps:
            yield objective


def _of_steps(plan: Plan, index: SeriesIndex, names: _Names) -> Iterator[Objective]:
    """`success_rate` of a step: judged over the samples of its row; of several steps in it, the strictest counts."""
    for series in index.steps:
        group = plan.users[series.group]
        rates = [rate for step in series.steps if (rate := getattr(step, "success_rate", None)) is not None]
        if not rates:
            continue
        scope = Scope((ScopeItem("step", series.name), ScopeItem("group", group.name)))
        rule = Rule("", "", "success_rate", ">=", round(100 * max(rates), 10), "%", scope=scope)
        text = write_rule(rule)
        yield _objective(replace(rule, text=text), text, "fail", names, needs_data=False)


def _objective(rule: Rule, name: str, severity: str, names: _Names, *, needs_data: bool = True) -> Objective:
    metric = names.metric(rule)
    return Objective(name, rule, str(rule.scope), names.select(rule), severity, needs_data, metric=metric)


@dataclass(frozen=True, slots=True)
class _Names:
    """Resolves the names of a scope in this plan."""

    index: SeriesIndex
    schedule: Schedule

    @property
    def measured_from_s(self) -> float:
        """Where the first phase begins that is no warm-up, seconds since the schedule's start."""
        return next((phase.start / NS_PER_S for phase in self.schedule.phases if not phase.warm_up), 0.0)

    def expand(self, scope: Scope) -> Iterator[Scope]:
        """One scope per name that a `*` matches."""
        starred = scope.starred
        for names in product(*(self._all(dimension) for dimension in starred)):
            chosen = dict(zip(starred, names, strict=True))
            items = tuple(
                ScopeItem(item.dimension, chosen[item.dimension]) if item.any else item for item in scope.items
            )
            yield Scope(items, scope.outcomes)

    def _all(self, dimension: str) -> Iterable[str]:
        match dimension:
            case "group":
                return self.index.groups
            case "transaction":
                return dict.fromkeys(series.name for series in self.index.transactions)
            case "metric":
                return [series.name for series in self.index.metrics]
            case "phase":
                return [phase.name for phase in self.schedule.phases if not phase.warm_up]
            case "kind":
                return self.index.failures.names[1:]
        facts = (self._facts(step).get(dimension) for step in self.index.steps)
        return dict.fromkeys(fact for fact in facts if fact is not None)

    def select(self, rule: Rule) -> Selection:
        """The samples that a rule is about; warm-up phases are never among them."""
        return Selection(self._phases(rule.scope), self._steps(rule), _kinds(rule, self.index.failures))

    def metric(self, rule: Rule) -> MetricSeries | None:
        """The custom metric that a rule is about."""
        named = rule.scope.names(METRIC_SERIES)
        return next((series for series in self.index.metrics if series.name in named), None)

    def _phases(self, scope: Scope) -> tuple[int, ...]:
        names = scope.names("phase")
        phases = tuple(
            phase.number for phase in self.schedule.phases if not phase.warm_up and (not names or phase.name in names)
        )
        return phases if names else (*phases, OUTSIDE)

    def _steps(self, rule: Rule) -> tuple[int, ...]:
        if rule.series == "iteration":
            groups = rule.scope.names("group") or self.index.groups
            return tuple(self.index.iterations_of(g) for g, name in enumerate(self.index.groups) if name in groups)
        if rule.series == "transaction":
            return tuple(series.number for series in self.index.transactions if self._is_named(series, rule.scope))
        if rule.series == METRIC_SERIES:
            names = rule.scope.names(METRIC_SERIES)
            return tuple(series.number for series in self.index.metrics if series.name in names)
        return tuple(step.number for step in self.index.steps if self._matches(step, rule.scope))

    def _is_named(self, series: TransactionSeries, scope: Scope) -> bool:
        facts = {"transaction": series.name, "group": self.index.groups[series.group]}
        return all(fact in (scope.names(dimension) or (fact,)) for dimension, fact in facts.items())

    def _matches(self, step: StepSeries, scope: Scope) -> bool:
        facts = self._facts(step)
        asked = (dimension for dimension in scope.dimensions if dimension not in ("phase", "kind"))
        return all(facts.get(dimension) in scope.names(dimension) for dimension in asked)

    def _facts(self, step: StepSeries) -> dict[str, str | None]:
        """The name that a step has in each dimension."""
        facts = {"action": step.action, "step": step.name, "group": self.index.groups[step.group]}
        return {**facts, "service": step.service, **{TAG + name: value for name, value in step.tags}}


def _kinds(rule: Rule, failures: FailureKinds) -> tuple[int, ...] | None:
    """The kinds of samples; None is all of them."""
    scope = rule.scope
    # A name may be of a family of kinds (`assertion` is all of `assertion:…`), or of a kind that no action can have.
    named = {
        number
        for kind, number in failures.numbers.items()
        for name in scope.names("kind")
        if kind == name or kind.startswith(f"{name}:")
    }
    if not named and not scope.outcomes:
        return None
    outcomes = scope.outcomes or OUTCOMES
    failed = range(1, len(failures)) if "failed" in outcomes else ()
    kinds = (*((OK,) if "ok" in outcomes else ()), *failed)
    return tuple(kind for kind in kinds if not named or kind in named)
