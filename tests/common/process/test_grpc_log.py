"""gRPC writes nothing by itself, unless its variable asks for it."""

import os

import pytest

from gradual_common.process.grpc_log import GRPC_VERBOSITY, quiet_grpc


@pytest.mark.parametrize(("before", "after"), [(None, "NONE"), ("DEBUG", "DEBUG")])
def test_the_variable_is_set_where_it_is_not(before: str | None, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(GRPC_VERBOSITY, raising=False)
    if before is not None:
        monkeypatch.setenv(GRPC_VERBOSITY, before)
    else:
        # So that it is removed again after the test.
        monkeypatch.setenv(GRPC_VERBOSITY, "")
        monkeypatch.delenv(GRPC_VERBOSITY)
    quiet_grpc()
    assert os.environ[GRPC_VERBOSITY] == after
