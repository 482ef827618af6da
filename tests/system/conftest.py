"""The fixtures of the system tests."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fleet_processes import HERE, Fleet, Target, running_target

LAST = ("docker", "kubernetes")
"""Folders whose tests come last, when nothing runs beside the system tests any more (`make test`): containers have
shares of the processor of their own, to which the other tests cannot give way."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.system)
    items.sort(key=lambda item: HERE in item.path.parents and item.path.relative_to(HERE).parts[0] in LAST)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with running_target(tmp_path) as running:
        yield running


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with closing(Fleet(tmp_path)) as running:
        yield running
