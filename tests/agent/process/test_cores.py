"""Cores are counted within what the host, the process's affinity and its container allow."""

import pytest

from gradual_agent.process.cores import cores_to_load, usable_cores, whole_cores


@pytest.mark.parametrize(
    ("usable", "quota", "cores"), [(8, None, 8), (8, 2.0, 2), (8, 1.5, 1), (8, 0.25, 1), (2, 16.0, 2)]
)
def test_a_quota_counts_by_its_whole_cores(usable: int, quota: float | None, cores: int) -> None:
    assert whole_cores(usable, quota) == cores


def test_there_is_at_least_one_core_and_never_more_than_usable_ones() -> None:
    assert 1 <= cores_to_load() <= usable_cores()
