"""Numbers for the series of a plan: the same on both sides because both read the same plan."""

from __future__ import annotations

from dataclasses import dataclass

from gradual_common.kinds.failures import BUILT_IN_KINDS, FailureKinds
from gradual_common.kinds.registry import failures_of
from gradual_common.language.document import SECTIONS, Section
from gradual_common.plan.model.plan import Plan, Step

NOTHING: tuple[None, tuple[()]] = (None, ())


@dataclass(frozen=True, slots=True)
class StepSeries:
    """One step of one group: `number` is its number in every batch."""

    number: int
    group: int
    section: Section
    index: int
    name: str
    action: str
    service: str | None = None
    """That the action names."""
    tags: tuple[tuple[str, str], ...] = ()
    """Of the action: (name, value)."""


@dataclass(frozen=True, slots=True)
class SeriesIndex:
    """Every step of a plan in order: by group, in it on_start, behavior, on_stop; then the iterations of each group."""

    steps: tuple[StepSeries, ...]
    groups: tuple[str, ...]
    failures: FailureKinds = BUILT_IN_KINDS
    """The outcomes of its samples, by number."""

    @classmethod
    def of(cls, plan: Plan) -> SeriesIndex:
        """Number the steps of `plan`."""
        described = {name: (spec.service_name, tuple(spec.tags.items())) for name, spec in plan.actions.items()}
        steps: list[StepSeries] = []
        for group_number, group in enumerate(plan.users):
            for section in SECTIONS:
                entries: tuple[Step, ...] = getattr(group, section)
                for index, step in enumerate(entries):
                    name = step.name or step.action
                    service, tags = described.get(step.action, NOTHING)
                    steps.append(StepSeries(len(steps), group_number, section, index, name, step.action, service, tags))
        failures = failures_of(action.kind for action in plan.actions.values())
        return cls(tuple(steps), tuple(group.name for group in plan.users), failures)

    def iterations_of(self, group: int) -> int:
        """The series number under which the iterations of `group` are recorded."""
        return len(self.steps) + group
