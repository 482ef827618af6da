"""The fixtures of the system tests."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fleet_processes import HERE, Fleet, Target, running_target

ONE_AT_A_TIME = {"bare_hosts", "counts", "docker", "documentation", "faults", "kubernetes", "security"}
"""Folders whose tests start whole fleets with short leases, which a busy machine lets end, or share what a machine has
once: images, a cluster, the ports that the documentation names."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests here. The files run at the same time (`make test`), except for those that cannot."""
    for item in items:
        if HERE in item.path.parents:
            folder = item.path.relative_to(HERE).parts[0]
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.xdist_group("one at a time" if folder in ONE_AT_A_TIME else str(item.path)))


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with running_target(tmp_path) as running:
        yield running


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with closing(Fleet(tmp_path)) as running:
        yield running
