"""A demo bank, and a workspace whose pipelines run against it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_bank import demo_bank
from pipeline_runner import Workspace


@pytest.fixture(scope="module")
def bank() -> Iterator[str]:
    with demo_bank() as url:
        yield url


@pytest.fixture
def workspace(tmp_path: Path, bank: str) -> Workspace:
    return Workspace(tmp_path, bank)
