"""A result in sentences, each of which the trials carry."""

from __future__ import annotations

from collections.abc import Sequence

from gradual_common.units import count
from gradual_master.analysis.capacity.bracket import greatest_failed
from gradual_master.analysis.capacity.measure import CapacityMeasure
from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.results.judging.objectives.objective import words_of


def sentences_of(
    result: CapacityResult, measures: Sequence[CapacityMeasure], doubts: Sequence[str] = ()
) -> tuple[str, ...]:
    """What was found, what limits it, and whether the system recovered.

    `doubts`: why the number may not be the system's. They come first, and no interval is stated.
    """
    objectives = " and ".join(words_of(measure.rule) for measure in measures)
    first = (f"Not the system's capacity for certain: {' and '.join(doubts)}.",) if doubts else ()
    finding = _finding(result, objectives, "" if doubts else _interval(result))
    return (*first, finding, *_confirmation(result), *_limits(result), *_recovery(result))


def _finding(result: CapacityResult, objectives: str, interval: str) -> str:
    if result.users is not None:
        if result.ended_by == "not found below max":
            return (
                f"It holds at least {count(result.users, 'user')} with {objectives}: no level up to the maximum failed."
            )
        # Until a level has failed, a search whose time was over knows of no upper end.
        is_open = not any(trial.outcome != "passed" and trial.users > result.users for trial in result.trials)
        at_least = "at least " if is_open else ""
        return f"It holds {at_least}{count(result.users, 'user')} with {objectives}{interval}."
    if not result.trials:
        return f"No level was judged before {_end_of(result)}."
    first = f"{count(result.trials[0].users, 'user')}, the first level"
    why = result.trials[-1].why
    if result.ended_by == "initial fails":
        return f"Already {first}, did not hold: {why}. Start with fewer users."
    if result.ended_by in ("not steady", "no data"):
        return f"Nothing was found: {first}, could not be judged ({why})."
    return f"No level up to {count(max(trial.users for trial in result.trials), 'user')} met {objectives}."


def _interval(result: CapacityResult) -> str:
    if result.low is None or result.high is None:
        return ""
    return f" ({result.low:,}–{result.high:,})"


def _confirmation(result: CapacityResult) -> tuple[str, ...]:
    if result.users is None:
        return ()
    if result.confirmed:
        return () if result.low is not None else ("No trial was passed with confidence: estimates decided.",)
    end = _end_of(result)
    return (f"{end[0].upper()}{end[1:]} before that was confirmed by a second trial.",)


def _end_of(result: CapacityResult) -> str:
    return {"stopped": "the run was ended", "users ended": "users had ended for good"}.get(
        result.ended_by, "the time was over"
    )


def _limits(result: CapacityResult) -> tuple[str, ...]:
    """Why the next level up did not hold."""
    least = result.least_failed
    if result.users is None or least is None:
        return ()
    return (f"With {count(least.users, 'user')} it did not: {least.why}.",)


def _recovery(result: CapacityResult) -> tuple[str, ...]:
    last = result.trials[-1] if result.trials else None
    if last is None or last.purpose != "recover":
        return ()
    overload = count(greatest_failed(result.trials, above=result.users or 0) or 0, "user")
    back = count(last.users, "user")
    if result.recovered:
        return (f"After an overload with {overload} it met the objectives again with {back}.",)
    if result.recovered is False:
        return (f"It did not recover: after an overload with {overload}, {back} were still too many ({last.why}).",)
    return (f"Whether it recovers from an overload with {overload} could not be judged.",)
