"""Simulated systems, their true capacities, and searches through them."""

from dataclasses import dataclass

from mva import greatest, share_above
from scripted_system import measures_of
from simulated_systems import THINK_S, SimulatedSystem, SystemModel, search_through

from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.analysis.capacity.search import CapacitySearch
from gradual_master.analysis.capacity.settings import CapacitySettings

DEMAND_S = 0.01
PRECISION = 0.05
HOLD_S = 30.0
FIRST_LEVELS = (8, 9, 10, 11, 12)
"""They alternate, so that the levels tried near the capacity differ: no result depends on one lucky grid."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A system and its objectives."""

    name: str
    model: SystemModel
    rules: tuple[str, ...]
    truth: int
    """The greatest number of users with which the objectives are met in the steady state, by exact analysis."""
    recovers: bool = True

    @property
    def tolerance(self) -> float:
        """Users by which a result may be off: the precision, and what the capacity itself moves by."""
        return (PRECISION + self.model.drift) * self.truth

    def is_close(self, result: CapacityResult) -> bool:
        """Whether the search found the capacity."""
        return result.users is not None and result.confirmed and abs(result.users - self.truth) <= self.tolerance


MEAN, P95 = ("mean < 100ms",), ("p95 < 250ms", "throughput > 50/s", "error_rate < 1%")
_BY_MEAN = greatest(lambda solution: solution.response_s < 0.1, DEMAND_S, THINK_S)
_BY_P95 = greatest(lambda solution: share_above(solution.users, DEMAND_S, THINK_S, 0.25) < 0.05, DEMAND_S, THINK_S)

SCENARIOS = (
    Scenario("queue, mean", SystemModel(DEMAND_S), MEAN, _BY_MEAN),
    Scenario("queue, p95 and a rate", SystemModel(DEMAND_S), P95, _BY_P95),
    Scenario("noisy", SystemModel(DEMAND_S, noise=0.2), MEAN, _BY_MEAN),
    Scenario("drifting by 3 %", SystemModel(DEMAND_S, drift=0.03), MEAN, _BY_MEAN),
    # Twice as slow from 45 waiting requests on, which its capacity hardly reaches, until there are fewer than 40 users.
    Scenario("metastable", SystemModel(DEMAND_S, slow_from=45, quick_below=40), MEAN, _BY_MEAN, recovers=False),
)


def search_scenario(scenario: Scenario, seed: int) -> CapacityResult:
    """One search; the same seed gives the same result."""
    measures = measures_of(*scenario.rules)
    settings = CapacitySettings(
        initial=FIRST_LEVELS[seed % len(FIRST_LEVELS)],
        max_concurrency=1000,
        multiplier=2.0,
        hold_s=HOLD_S,
        precision=PRECISION,
    )
    return search_through(CapacitySearch(settings, measures), SimulatedSystem(scenario.model, measures, seed).run)[0]
