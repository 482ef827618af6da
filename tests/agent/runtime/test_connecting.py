"""`Runtime.connect`: what an action kind of one's own opens connections with."""

import asyncio
import socket

import pytest

from gradual_agent.errors import NotAllowedError
from gradual_agent.runtime.allowed_hosts import ANYWHERE, AllowedHost, AllowedHosts
from gradual_agent.runtime.connecting import connect


def only(*entries: str) -> AllowedHosts:
    return AllowedHosts(AllowedHost.parse(entry) for entry in entries)


@pytest.fixture
def listener() -> socket.socket:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.settimeout(0.2)
        yield opened


@pytest.mark.parametrize("allowed", [ANYWHERE, only("localhost"), only("127.0.0.0/8"), only("*.example", "127.0.0.1")])
async def test_a_connection_is_opened_where_it_is_allowed(listener: socket.socket, allowed: AllowedHosts) -> None:
    with await connect(asyncio.get_running_loop(), allowed, "localhost", listener.getsockname()[1]) as sock:
        accepted, peer = listener.accept()
        accepted.close()
        assert peer == sock.getsockname()
        assert sock.getblocking() is False


@pytest.mark.parametrize("entry", ["bank.example", "10.0.0.0/8", "localhost:1"])
async def test_nothing_is_opened_elsewhere(listener: socket.socket, entry: str) -> None:
    port = listener.getsockname()[1]
    with pytest.raises(NotAllowedError, match=f"may not send to localhost:{port}.*: --allow-host allows {entry}"):
        await connect(asyncio.get_running_loop(), only(entry), "localhost", port)
    with pytest.raises(TimeoutError):
        listener.accept()


async def test_the_first_reason_is_said_when_no_address_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        await connect(asyncio.get_running_loop(), ANYWHERE, "127.0.0.1", port)


async def test_a_connection_that_is_cancelled_leaves_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, opened, begun = asyncio.get_running_loop(), [], asyncio.Event()

    async def sock_connect(sock: socket.socket, _: object) -> None:
        opened.append(sock)
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    task = asyncio.create_task(connect(loop, ANYWHERE, "127.0.0.1", 9))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [sock.fileno() for sock in opened] == [-1]
