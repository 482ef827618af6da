"""What the tests of the reporter share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from raw_run import run_of

from gradual_master.reporting.parquet.reporter import ParquetReporter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "samples"


@pytest.fixture
def reporter(folder: Path) -> Iterator[ParquetReporter]:
    """A reporter whose run has started."""
    reporter = ParquetReporter(str(folder))
    reporter.prepare()
    reporter.on_test_start(run_of(tags={"team": "payments"}))
    yield reporter
    reporter.close()
