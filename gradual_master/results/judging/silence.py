"""Levels at which users waited and no request ended: the system hung, and there is no sample that could say so.

A percentile of such a level does not exist, and the level must not vanish for it. But a level may also end before its
first response comes, as in a ramp with short levels: so users must have waited as long as a response takes at the
slowest of the other levels, and together long enough for `EXPECTED_ANSWERS` of them.
"""

from __future__ import annotations

EXPECTED_ANSWERS = 5
"""Where so many answers are expected, none at all is no accident (by Poisson's law, once in 150 levels)."""


def was_answer_due(length_s: float, waiting_user_s: float, response_s: float) -> bool:
    """Whether a level without an answer hung.

    `waiting_user_s`: user-seconds in requests; `response_s`: the mean response time of the slowest other level.
    """
    return waiting_user_s > 0 and length_s >= response_s and waiting_user_s >= EXPECTED_ANSWERS * response_s
