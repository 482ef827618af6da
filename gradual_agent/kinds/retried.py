"""Performs an action again after a failure, as a part of the same sample.

The sample's response time is from the first attempt to the end of the last; its outcome is that of the last. What the
attempts sent is counted in full: the first message of each attempt after the first is a retry (`runtime.sample`).
"""

from __future__ import annotations

from collections.abc import Iterable

from gradual_agent.kinds.kind import Action, Actor
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.kinds.failures import FailureKinds
from gradual_common.plan.model.step_values import Retry

ADDED = ("messages", "hops", "resent", "retried", "auth_sent", "bytes_sent", "bytes_received")
"""What the attempts of a sample add up."""


class RetriedAction:
    """An action with its `retry`."""

    __slots__ = ("_action", "_backoff", "_classes", "_delay", "_kinds", "_more", "_statuses", "assertion_count")

    def __init__(self, action: Action, retry: Retry, failures: FailureKinds) -> None:
        self._action = action
        self._more = retry.attempts - 1
        self._delay = retry.delay
        self._backoff = retry.backoff
        self._kinds = kinds_called(retry.on, failures)
        self._statuses = frozenset(int(name) for name in retry.on if name.isdecimal())
        self._classes = frozenset(int(name[0]) for name in retry.on if name[1:] == "xx")
        self.assertion_count = action.assertion_count

    async def perform(self, user: Actor, sample: Sample) -> None:
        """Perform the action until it succeeds, fails otherwise, or the attempts are used up."""
        delay = float(self._delay)
        await self._action.perform(user, sample)
        for _ in range(self._more):
            if not self._wants_another(sample):
                return
            if not await user.back_off(int(delay)):
                return
            delay *= self._backoff
            before = [getattr(sample, name) for name in ADDED]
            was_sent = sample.messages > sample.auth_sent
            connect = sample.connect
            sample.reset(sample.started)  # Later than at first if the action waited on purpose.
            await self._action.perform(user, sample)
            sample.retried += was_sent and sample.messages > sample.auth_sent
            for name, count in zip(ADDED, before, strict=True):
                setattr(sample, name, getattr(sample, name) + count)
            if connect >= 0:
                sample.connect = max(0, sample.connect) + connect

    def _wants_another(self, sample: Sample) -> bool:
        if not sample.kind or sample.kind == INTERRUPTED:
            return False
        status = sample.status_code
        return sample.kind in self._kinds or status in self._statuses or status // 100 in self._classes


def kinds_called(names: Iterable[str], failures: FailureKinds) -> frozenset[int]:
    """The numbers of failure kinds by their names; `assertion` is all of `assertion:…`."""
    return frozenset(
        number
        for name in names
        for kind, number in failures.numbers.items()
        if kind and (kind == name or kind.startswith(f"{name}:"))
    )
