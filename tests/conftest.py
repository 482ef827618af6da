"""What holds for every test: no run of a test goes into the developer's own store."""

import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_data_folder() -> Iterator[None]:
    """The user's data folder is a temporary one, for this process and for those that it starts."""
    with tempfile.TemporaryDirectory(prefix="gradual-data-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", folder)
        patch.delenv("GRADUAL_STORE", raising=False)
        yield
