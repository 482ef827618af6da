"""The trials of a search in which the generator, not the system, may have been the bottleneck.

A level may break an objective only because an agent was saturated, or late for its users: then the number that a search
found may be the generator's. That concerns the trials that the number rests on. A greater overload may saturate an
agent, since it does not decide. But it says nothing of the system, either: such a trial bounds no interval, and one
after an overload does not show that the system has not recovered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from gradual_common.clock import NS_PER_S
from gradual_master.analysis.capacity.result import CapacityResult, TrialRecord
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.judging.saturation import Saturation


@dataclass(frozen=True, slots=True)
class GeneratorDoubts:
    """Where the generator may have decided."""

    saturated: tuple[TrialRecord, ...] = ()
    """Trials in which agents were saturated."""
    late: tuple[TrialRecord, ...] = ()
    """Trials at whose levels agents were late for their users, by Little's law."""

    @classmethod
    def of(cls, found: CapacityResult, levels: Sequence[LevelRow], saturation: Saturation) -> GeneratorDoubts:
        """The doubts about a result; `levels`: of the run."""
        late = [(row.start_s, row.end_s) for row in levels if "unaccounted" in row.marks]
        return cls(
            saturated=_those(found.trials, lambda trial: _is_saturated(trial, saturation)),
            late=_those(found.trials, lambda trial: any(begin <= trial.started_s < end for begin, end in late)),
        )

    def about(self, found: CapacityResult) -> tuple[str, ...]:
        """Why its number may be the generator's: `agents were saturated in the trials of 47 and 48 users`."""
        return tuple(_reasons(found.deciding, self.saturated, self.late))

    def certain_of(self, found: CapacityResult) -> CapacityResult:
        """The result without an upper end, and without a missing recovery, that may be the generator's."""
        doubtful = (*self.saturated, *self.late)
        if any(trial.users == found.high and trial.outcome != "passed" for trial in doubtful):
            found = replace(found, high=None)
        if found.recovered is False and any(trial.purpose == "recover" for trial in doubtful):
            found = replace(found, recovered=None)
        return found


def _is_saturated(trial: TrialRecord, saturation: Saturation) -> bool:
    return saturation.marks(round(trial.started_s * NS_PER_S), round(trial.ended_s * NS_PER_S))


def _those(trials: Sequence[TrialRecord], which: Callable[[TrialRecord], bool]) -> tuple[TrialRecord, ...]:
    return tuple(filter(which, trials))


def _reasons(
    deciding: Sequence[TrialRecord], saturated: Sequence[TrialRecord], late: Sequence[TrialRecord]
) -> Iterator[str]:
    if among := [trial for trial in deciding if trial in saturated]:
        yield f"agents were saturated in the trials of {_users(among)}"
    if among := [trial for trial in deciding if trial in late]:
        yield f"agents were late for their users in the trials of {_users(among)} (Little's law)"


def _users(trials: Sequence[TrialRecord]) -> str:
    """`47 and 48 users`, `1 user`."""
    levels = sorted({trial.users for trial in trials})
    return f"{' and '.join(f'{level:,}' for level in levels)} {'user' if levels == [1] else 'users'}"
