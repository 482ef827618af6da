"""What the commands of the master and `gradual` say by their exit code, beside the verdict's own (`Verdict.code`)."""

WRONG_PLAN = 2
NOT_DONE = 3

SAYS_RESULTS = (0, 1)
"""Passed, an objective failed. Those of a run that was stopped, or is invalid, stand whatever cannot be written."""
