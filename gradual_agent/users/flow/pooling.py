"""Steps that put values into the pools of the agent, and take them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradual_agent.recording.step_record import StepRecord
from gradual_agent.users.flow.node import Node
from gradual_agent.users.shared.pools import Pool
from gradual_agent.users.step_runner import StepRunner
from gradual_common.templates.compiled import Compiled


@dataclass(frozen=True, slots=True, eq=False)
class Pushed(Node):
    """Values that are put into pools."""

    values: Sequence[tuple[Pool, Compiled]]
    record: StepRecord

    async def run(self, user: StepRunner) -> bool:
        """Put them in; at the first that cannot be, the step has failed."""
        if user.wait and not await user.rest():
            return False
        try:
            for pool, value in self.values:
                pool.push(value.render(user.scope))
        except Exception as error:
            return user.fail(self.record, error)
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Popped(Node):
    """A value that is taken out of a pool; without one in time the step has failed (`data`)."""

    variable: str
    pool: Pool
    wait: int
    """ns; the user counts as thinking."""
    record: StepRecord

    async def run(self, user: StepRunner) -> bool:
        """Take it, or wait for it; a wait that a stop ends is not counted."""
        if user.must_end or (user.wait and not await user.rest()):
            return False
        if self.wait and not self.pool:
            return await self._await_value(user)
        return self._take(user)

    def _take(self, user: StepRunner) -> bool:
        try:
            user.scope[self.variable] = self.pool.pop()
        except Exception as error:
            return user.fail(self.record, error)
        return True

    async def _await_value(self, user: StepRunner) -> bool:
        try:
            is_given = await user.wait_at(self.pool, user.now() + self.wait)
            if is_given:
                user.scope[self.variable] = self.pool.take_given(user)
                return True
        finally:
            self.pool.give_back(user)
        return False if is_given is None else self._take(user)
