"""Numbers for the series of a plan: the same on both sides because both read the same plan.

A batch knows a series by its number only. Numbers go on from one kind of series to the next:

    steps   ·   the iterations of each group   ·   transactions   ·   custom metrics
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gradual_common.kinds.failures import BUILT_IN_KINDS, FailureKinds
from gradual_common.kinds.registry import failures_of
from gradual_common.kinds.values.metrics import Metric
from gradual_common.language.document import Section
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.single_steps import Poll, Pop, Push, Rendezvous, SetVariables, Step
from gradual_common.plan.model.steps import If, Repeat, SomeStep, Transaction, While, walk_steps

TOKEN_TIME = Metric(unit="ms")
"""The times in which tokens of OAuth 2.0 are fetched."""

NOTHING: tuple[None, tuple[()]] = (None, ())


@dataclass(frozen=True, slots=True)
class StepSeries:
    """One row of steps in results: the steps of one name, in one section of one group."""

    number: int
    """In every batch."""

    group: int
    section: Section
    name: str

    action: str
    """What is performed; "" for a flow step, whose samples are expressions that failed."""

    steps: tuple[SomeStep, ...]
    """The steps of the plan; one, unless several have the same name."""

    service: str | None = None
    """That the action names."""
    tags: tuple[tuple[str, str], ...] = ()
    """Of the action: (name, value)."""


@dataclass(frozen=True, slots=True)
class TransactionSeries:
    """The transactions of one name, and the polls, in one group."""

    number: int
    """In every batch."""

    group: int
    name: str


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """A custom metric."""

    number: int
    """In every batch."""

    name: str
    type: str
    """"histogram" or "counter"."""
    unit: str
    resolution: float
    """Its values are multiples of it."""


@dataclass(frozen=True, slots=True)
class PlaceOfMeeting:
    """Where users of the whole fleet wait for each other."""

    name: str

    users: int
    """How many it waits for."""


@dataclass(frozen=True, slots=True)
class SeriesIndex:
    """Every series of a plan in the order of its number."""

    steps: tuple[StepSeries, ...]
    """By group, in it on_start, behavior, on_stop."""

    groups: tuple[str, ...]

    transactions: tuple[TransactionSeries, ...] = ()
    """By group."""

    metrics: tuple[MetricSeries, ...] = ()
    """In the order of the plan."""

    failures: FailureKinds = BUILT_IN_KINDS
    """The outcomes of its samples, by number."""

    places: tuple[PlaceOfMeeting, ...] = ()
    """Of `rendezvous`, over all groups."""

    @classmethod
    def of(cls, plan: Plan) -> SeriesIndex:
        """Number the series of `plan`."""
        described = {name: (spec.service_name, tuple(spec.tags.items())) for name, spec in plan.actions.items()}
        steps: list[StepSeries] = []
        for group, section, name, same in _rows(plan):
            action = getattr(same[0], "action", "")
            service, tags = described.get(action, NOTHING)
            steps.append(StepSeries(len(steps), group, section, name, action, tuple(same), service, tags))
        first = len(steps) + len(plan.users)
        transactions = tuple(TransactionSeries(first + n, *row) for n, row in enumerate(_transactions(plan)))
        metrics = _metrics(plan, first + len(transactions))
        failures = failures_of(action.kind for action in plan.actions.values())
        groups = tuple(group.name for group in plan.users)
        return cls(tuple(steps), groups, transactions, metrics, failures, _places(plan))

    def iterations_of(self, group: int) -> int:
        """The series number under which the iterations of `group` are recorded."""
        return len(self.steps) + group


def name_in_results(step: SomeStep) -> str | None:
    """The name of the row of a step; None for a step that has none."""
    match step:
        case Step() | Poll():
            return step.name or step.action
        case While() | If() | SetVariables() | Push() | Pop():
            return step.name or step.kind
        case Repeat() if isinstance(step.repeat, str):
            return step.name or step.kind
    return None


def _metrics(plan: Plan, first: int) -> tuple[MetricSeries, ...]:
    """Two actions that record the same name have the same settings (`plan.checks.metrics`)."""
    found = {name: metric for spec in plan.actions.values() for name, metric in spec.record.items()}
    found |= dict.fromkeys(_token_metrics(plan), TOKEN_TIME)
    return tuple(
        MetricSeries(first + n, name, metric.type, metric.unit, metric.resolution)
        for n, (name, metric) in enumerate(found.items())
    )


def _token_metrics(plan: Plan) -> Iterator[str]:
    for owner in (plan.config, *plan.services.values(), *plan.actions.values()):
        auth = getattr(owner, "auth", None)
        if auth is not None and auth.oauth2 is not None:
            yield auth.oauth2.metric


def _rows(plan: Plan) -> Iterator[tuple[int, Section, str, list[SomeStep]]]:
    for number, group in enumerate(plan.users):
        if all(name_in_results(step) is None for step in group.all_steps()):
            # Users that only wait have no samples, but a bug in Gradual is counted under some row.
            section, steps = next((section, steps) for section, steps in group.sections() if steps)
            yield number, section, steps[0].kind, [steps[0]]
        for section, steps in group.sections():
            rows: dict[str, list[SomeStep]] = {}
            for step in walk_steps(steps):
                if (name := name_in_results(step)) is not None:
                    rows.setdefault(name, []).append(step)
            for name, same in rows.items():
                yield number, section, name, same


def _places(plan: Plan) -> tuple[PlaceOfMeeting, ...]:
    """Steps of one name wait for the same number of users (`plan.checks.flow`)."""
    steps = (step for group in plan.users for step in group.all_steps())
    sizes = {step.rendezvous: step.users for step in steps if isinstance(step, Rendezvous)}
    return tuple(PlaceOfMeeting(name, users) for name, users in sizes.items())


def _transactions(plan: Plan) -> Iterator[tuple[int, str]]:
    for number, group in enumerate(plan.users):
        names = (_name_of_transaction(step) for step in group.all_steps())
        yield from dict.fromkeys((number, name) for name in names if name)


def _name_of_transaction(step: SomeStep) -> str | None:
    """The name of the row of transactions that a step has; None for a step that has none."""
    match step:
        case Transaction():
            return step.transaction
        case Poll():
            return step.name or step.action
        case Rendezvous():
            return step.rendezvous
    return None
