"""Records of trials, made by hand."""

from gradual_master.analysis.capacity.result import Outcome, Purpose, TrialRecord


def trial(
    users: int,
    outcome: Outcome = "passed",
    *,
    certain: bool = True,
    too_few: bool = False,
    purpose: Purpose = "climb",
    why: str = "p95 < 500ms: 8.1% above 500ms",
) -> TrialRecord:
    """A trial of a level."""
    return TrialRecord(users, purpose, 0.0, 30.0, outcome, certain, too_few, why, ())
