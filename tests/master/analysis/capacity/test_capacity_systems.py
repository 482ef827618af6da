"""Searches through simulated systems of which theory gives the capacity (`python -m bench capacity`: 100 of each)."""

import pytest
from capacity_scenarios import SCENARIOS, Scenario, search_scenario

SEEDS = range(5)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_capacity_is_found_within_the_precision(scenario: Scenario) -> None:
    """All of five; of a hundred, at least 95 (the bench)."""
    results = [search_scenario(scenario, seed) for seed in SEEDS]
    assert [result.users for result in results if not scenario.is_close(result)] == []
    assert {result.recovered for result in results} == {scenario.recovers}


def test_the_same_seed_gives_the_same_search() -> None:
    assert search_scenario(SCENARIOS[0], 3) == search_scenario(SCENARIOS[0], 3)
