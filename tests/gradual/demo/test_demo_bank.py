"""The demo bank answers as a bank does, its counts are exact, and its times repeat and grow with load."""

import asyncio
import csv
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gradual.demo import bank as demo_bank
from gradual.demo.accounts import password_of, username_of
from gradual.demo.bank import CROSSTALK, ROUTES, Bank, Service, Work
from gradual.demo.server import listening
from gradual.errors import AddressInUseError

EXAMPLES = Path(__file__).parents[3] / "examples"
RATES = b"GET /api/rates HTTP/1.1\r\nHost: bank\r\n\r\n"


@pytest.fixture
def bank() -> Bank:
    return Bank(workers=16)


@pytest.fixture
async def url(bank: Bank) -> AsyncIterator[str]:
    async with listening(bank, "127.0.0.1", 0) as address:
        yield address


@pytest.fixture
async def client(url: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def ask(client: aiohttp.ClientSession, method: str, path: str, **options: Any) -> tuple[int, dict[str, Any]]:
    async with client.request(method, path, **options) as response:
        return response.status, await response.json()


async def log_in(client: aiohttp.ClientSession, number: int = 1) -> str:
    credentials = {"username": username_of(number), "password": password_of(number)}
    status, content = await ask(client, "POST", "/api/auth/login", json=credentials)
    assert status == 200
    return str(content["data"]["token"])


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            turn = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0.005, turn.set_result, None)
            await turn


@pytest.mark.parametrize("route", [route for route in ROUTES if ROUTES[route].needs_token])
async def test_a_route_that_needs_a_token_refuses_without_one(client: Any, route: tuple[str, str]) -> None:
    status, content = await ask(client, *route)
    assert status == 401
    assert "log in first" in content["error"]


@pytest.mark.parametrize("route", [route for route in ROUTES if not ROUTES[route].needs_token])
async def test_a_public_route_answers_anybody(client: Any, route: tuple[str, str]) -> None:
    status, _ = await ask(client, *route)
    assert status == (401 if route[1] == "/api/auth/login" else 201 if route[1] == "/api/register" else 200)


async def test_a_login_opens_the_dashboard_by_cookie_until_the_logout(client: Any) -> None:
    await log_in(client)
    assert (await ask(client, "GET", "/api/dashboard"))[0] == 200
    assert (await ask(client, "GET", "/api/reports"))[0] == 200
    assert (await ask(client, "POST", "/api/auth/logout"))[0] == 200
    assert (await ask(client, "GET", "/api/dashboard"))[0] == 401


async def test_a_login_opens_the_dashboard_by_bearer_token(url: str) -> None:
    async with aiohttp.ClientSession(url, cookie_jar=aiohttp.DummyCookieJar()) as client:
        token = await log_in(client, 7)
        assert (await ask(client, "GET", "/api/dashboard"))[0] == 401
        status, content = await ask(client, "GET", "/api/dashboard", headers={"Authorization": f"Bearer {token}"})
    assert (status, content["data"]["account"]) == (200, 7)


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("POST", "/api/auth/login", {"json": {"username": "user0001", "password": "wrong"}}, 401),
        ("POST", "/api/auth/login", {"data": b"{not json"}, 400),
        ("POST", "/api/auth/login", {"json": ["a", "list"]}, 400),
        ("GET", "/api/auth/login", {}, 405),
        ("GET", "/nowhere", {}, 404),
    ],
)
async def test_a_bad_request_gets_the_reason(
    client: Any, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    answered, content = await ask(client, method, path, **options)
    assert answered == status
    assert content["error"]


async def test_transfers_at_once_conserve_money(client: Any, bank: Bank) -> None:
    before = bank.accounts.totals()["balance_cents"]
    await log_in(client)
    moves = [{"to": number % 4 + 2, "amount_cents": 100} for number in range(20)]
    answers = await asyncio.gather(*(ask(client, "POST", "/api/transfer", json=move) for move in moves))
    assert {status for status, _ in answers} == {200}
    assert bank.accounts.totals()["balance_cents"] == before
    assert bank.accounts.totals()["transfers"] == 20
    assert (await ask(client, "POST", "/api/transfer", json={"to": 0, "amount_cents": 1}))[0] == 409


async def test_stats_count_every_route_exactly_and_not_themselves(client: Any) -> None:
    await log_in(client)
    await asyncio.gather(*(ask(client, "GET", "/api/rates") for _ in range(30)))
    await ask(client, "GET", "/nowhere")
    await ask(client, "GET", "/stats")
    _, stats = await ask(client, "GET", "/stats")
    assert stats["routes"] == {"GET /api/rates": 30, "POST /api/auth/login": 1, "other": 1}
    assert stats["requests"] == 32
    assert stats["statuses"] == {"200": 31, "404": 1}
    assert stats["concurrent"] == 0
    assert 1 < stats["peak_concurrent"] <= 30


async def test_a_reset_restarts_the_counts(client: Any) -> None:
    await ask(client, "GET", "/api/rates")
    await ask(client, "POST", "/reset")
    _, stats = await ask(client, "GET", "/stats")
    assert (stats["requests"], stats["routes"], stats["statuses"], stats["peak_concurrent"]) == (0, {}, {}, 0)


@pytest.mark.parametrize("requests", [1, 3])
async def test_clients_that_leave_at_once_are_counted(url: str, bank: Bank, requests: int) -> None:
    """Each writes whole requests and closes without reading; three at once never all reach a handler."""
    host, port = url.removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()
    for _ in range(50):
        with socket.socket() as leaver:
            leaver.setblocking(False)
            await loop.sock_connect(leaver, (host, int(port)))
            await loop.sock_sendall(leaver, RATES * requests)
    await until(lambda: bank.counts.report()["requests"] == 50 * requests and not bank.counts.report()["concurrent"])
    assert bank.counts.report()["routes"] == {"GET /api/rates": 50 * requests}


async def test_a_client_that_leaves_while_it_is_served_is_counted_and_served(
    url: str, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, port = url.removeprefix("http://").split(":")
    served = asyncio.Event()

    async def wait(work: Work) -> None:
        await served.wait()

    monkeypatch.setattr(bank.service, "perform", wait)
    for present in range(20):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(RATES)
        await until(lambda present=present: bank.counts.report()["concurrent"] == present + 1)
        writer.transport.abort()
    served.set()
    await until(lambda: not bank.counts.report()["concurrent"])
    assert bank.counts.report()["routes"] == {"GET /api/rates": 20}
    assert bank.counts.report()["statuses"] == {"200": 20}


async def test_a_head_that_cannot_be_read_is_counted_apart(url: str, bank: Bank) -> None:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / NONSENSE\r\n\r\n")
    assert b" 400 " in await reader.readline()
    writer.close()
    assert bank.counts.report()["routes"] == {"unreadable": 1}


async def test_an_address_in_use_is_named_with_the_way_out(url: str) -> None:
    port = int(url.rpartition(":")[2])
    with pytest.raises(AddressInUseError, match=f"127.0.0.1:{port} is in use.*--port"):
        async with listening(Bank(workers=1), "127.0.0.1", port):
            pass


async def test_an_address_of_another_machine_is_refused_clearly() -> None:
    with pytest.raises(AddressInUseError, match=r"cannot listen at 192\.0\.2\.1:0"):
        async with listening(Bank(workers=1), "192.0.2.1", 0):
            pass


def test_every_row_of_the_examples_can_log_in() -> None:
    bank = Bank(workers=1)
    with (EXAMPLES / "users.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    accounts = {bank.accounts.find(row["username"], row["password"]) for row in rows}
    assert len(rows) >= 150
    assert None not in accounts
    assert len(accounts) == len(rows)


async def test_what_the_bank_says_is_json(client: Any) -> None:
    async with client.get("/") as response:
        assert json.loads(await response.text())["routes"]


class Pauses:
    """Stands in for asyncio.sleep: notes each pause, and how many are in one at once."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.at_once = self.most_at_once = 0

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await yield_to_others()
        self.at_once -= 1


async def yield_to_others() -> None:
    loop = asyncio.get_running_loop()
    for _ in range(3):
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    noted = Pauses()
    monkeypatch.setattr(demo_bank.asyncio, "sleep", noted.sleep)
    return noted


async def serve(building: Service, work: Work, times: int) -> None:
    await asyncio.gather(*(building.perform(work) for _ in range(times)))


async def test_no_more_requests_are_served_at_once_than_there_are_workers(pauses: Pauses) -> None:
    await serve(Service(workers=3), Work(0.01), 20)
    assert pauses.most_at_once == 3
    assert len(pauses.seconds) == 20


async def test_only_one_request_holds_the_lock(pauses: Pauses) -> None:
    await serve(Service(workers=8), Work(busy=0.01, locked=0.01), 8)
    unlocked, locked = pauses.seconds[:8], pauses.seconds[8:]
    assert unlocked == [0.0] * 8
    assert all(seconds > 0 for seconds in locked)
    assert len(locked) == 8


async def test_the_same_seed_gives_the_same_times_and_another_seed_others(pauses: Pauses) -> None:
    for seed in (4, 4, 5):
        building = Service(workers=1, seed=seed)
        for _ in range(5):
            await building.perform(Work(0.01))
    assert pauses.seconds[:5] == pauses.seconds[5:10] != pauses.seconds[10:]


async def test_times_grow_with_the_requests_being_served(pauses: Pauses) -> None:
    alone, crowded = Service(workers=5, seed=9), Service(workers=5, seed=9)
    for _ in range(5):
        await alone.perform(Work(0.01))
    await serve(crowded, Work(0.01), 5)
    slowed = [crowd / single for single, crowd in zip(pauses.seconds[:5], pauses.seconds[5:], strict=True)]
    assert slowed == pytest.approx([1 + others * CROSSTALK for others in range(5)])
