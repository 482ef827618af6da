"""Set-up and teardown as a plan of one user: so that user, recorder and results need nothing of their own for them.

The steps of the set-up are an `on_start`, which ends with the first failure. Those of the teardown are an `on_stop`,
which goes on after a failure, and is performed once. Both number their series by themselves, within their own plan.
"""

from __future__ import annotations

from gradual_common.language.document import SETUP, Once
from gradual_common.plan.model.plan import Plan, UserGroup
from gradual_common.plan.model.steps import SomeStep


def once_plan(plan: Plan, section: Once) -> Plan:
    """The plan of the one user that performs a section. It waits only where a step says so."""
    steps: tuple[SomeStep, ...] = getattr(plan, section)
    user = UserGroup.model_construct(
        name=section,
        concurrency=1,
        iterations=1,
        on_start=steps if section == SETUP else (),
        behavior=(),
        on_stop=() if section == SETUP else steps,
    )
    config = plan.config.model_copy(update={"think_time": None, "phases": ()})
    return plan.model_copy(update={"config": config, "users": (user,), "thresholds": (), "setup": (), "teardown": ()})


def steps_of(user: UserGroup) -> tuple[SomeStep, ...]:
    """The steps of the section whose plan this user is of."""
    return (*user.on_start, *user.on_stop)
