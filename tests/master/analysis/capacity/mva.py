"""Exact mean value analysis of a closed network: N users who think for Z s and request one FCFS server of D s.

M. Reiser, S. S. Lavenberg, "Mean-Value Analysis of Closed Multichain Queuing Networks", Journal of the ACM 27 (2),
1980: who arrives sees the network as it is with one user less, so R(n) = D·(1 + Q(n−1)), X(n) = n/(Z + R(n)) and
Q(n) = X·R. The same theorem gives the distribution: who arrives and finds k there waits for k + 1 exponential services.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc


@dataclass(frozen=True, slots=True)
class Solution:
    """Steady-state values with a number of users; seconds, and requests per second."""

    users: int
    response_s: float
    throughput: float


def solve(demand_s: float, think_s: float) -> Iterator[Solution]:
    """The solutions for 1, 2, 3, … users."""
    queue, users = 0.0, 0
    while True:
        users += 1
        response = demand_s * (1 + queue)
        throughput = users / (think_s + response)
        queue = throughput * response
        yield Solution(users, response, throughput)


def share_above(users: int, demand_s: float, think_s: float, limit_s: float) -> float:
    """P(response time > limit) in the steady state with exponential services and think times."""
    # With n users, k of them at the server: p(k) ∝ n!/(n−k)!·(D/Z)^k.
    found = np.arange(users)
    steps = np.log(np.maximum(users - 1 - found[:-1], 1) * demand_s / think_s)
    logs = np.concatenate(([0.0], np.cumsum(steps)))
    chances = np.exp(logs - logs.max())
    return float((chances / chances.sum()) @ gammaincc(found + 1, limit_s / demand_s))


def greatest(holds: Callable[[Solution], bool], demand_s: float, think_s: float) -> int:
    """The greatest number of users such that it and all smaller ones hold."""
    return next(solution.users for solution in solve(demand_s, think_s) if not holds(solution)) - 1
