"""The least amounts below which nothing is judged: a share of next to nothing says nothing.

A user that begins or ends takes the agent a moment, which is no sign of anything however short the run: a tenth of a
second is granted for each slot and change of it, and a share of user-seconds is judged only beyond that. Over a run of
a minute that is less than 0.2 % of the time of a user who stays.
"""

from __future__ import annotations

from gradual_common.clock import NS_PER_S

PER_CHANGE = NS_PER_S // 10
"""User-ns for each slot and change of it."""

LEAST_WAITS = 30
"""Waits whose mean is compared with that of the plan: the usual bound from which a mean of almost any distribution is
close to normal (central limit theorem), which three standard errors take for granted."""
