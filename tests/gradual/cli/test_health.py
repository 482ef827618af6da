"""`gradual health` against a real gRPC server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from typer.testing import CliRunner

from gradual.cli.app import app
from gradual.cli.health import check_health
from gradual.errors import NotReadyError
from gradual_common.net.addresses import EndpointAddress
from gradual_common.security.identity import TlsFlags
from gradual_master.serving.health import add_health


def address(folder: Path) -> EndpointAddress:
    return EndpointAddress.parse(f"unix:{folder}/master", any_port=False)


@asynccontextmanager
async def listening(folder: Path, *, is_healthy: bool) -> AsyncIterator[None]:
    server: Any = grpc.aio.server()
    server.add_insecure_port(address(folder).target)
    if is_healthy:
        await add_health(server)
    await server.start()
    yield
    await server.stop(None)


async def test_a_master_is_ready(tmp_path: Path) -> None:
    async with listening(tmp_path, is_healthy=True):
        await check_health(address(tmp_path), TlsFlags())


async def test_another_server_is_not(tmp_path: Path) -> None:
    async with listening(tmp_path, is_healthy=False):
        with pytest.raises(NotReadyError, match=r"the master at unix:.* is not ready: unimplemented: Method not found"):
            await check_health(address(tmp_path), TlsFlags())


async def test_nor_is_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"is not ready: unavailable: .*No such file"):
        await check_health(address(tmp_path), TlsFlags())


def test_a_wrong_address_is_a_mistake_of_the_command_line() -> None:
    result = CliRunner().invoke(app, ["health", "--master", "nowhere"])
    assert result.exit_code == 2
    assert "is not an address" in result.output
