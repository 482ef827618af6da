"""The servers of the comparisons: one of each for all tests of a file."""

from collections.abc import Iterator

import pytest
from running_httpbin import Httpbin, running_httpbin
from running_nginx import Nginx, running_nginx


@pytest.fixture(scope="module")
def httpbin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Httpbin]:
    with running_httpbin(tmp_path_factory.mktemp("httpbin")) as running:
        yield running


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with running_nginx(tmp_path_factory.mktemp("nginx")) as running:
        yield running
