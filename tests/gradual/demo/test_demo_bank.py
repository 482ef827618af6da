"""The demo bank answers as a bank does, and its counts are exact."""

import asyncio
import csv
import hashlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gradual.demo import bank as demo_bank
from gradual.demo.accounts import password_of, username_of
from gradual.demo.bank import Bank
from gradual.demo.banking import Banking
from gradual.demo.fintech import documents
from gradual.demo.server import listening
from gradual.demo.service import Work
from gradual.errors import AddressInUseError

EXAMPLES = Path(__file__).parents[3] / "examples"
ROUTES = Bank(workers=1).routes
PUBLIC = [route for route, known in Banking().routes().items() if not known.needs_token]
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


@pytest.mark.parametrize("route", PUBLIC)
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
    before = bank.banking.accounts.totals()["balance_cents"]
    await log_in(client)
    moves = [{"to": number % 4 + 2, "amount_cents": 100} for number in range(20)]
    answers = await asyncio.gather(*(ask(client, "POST", "/api/transfer", json=move) for move in moves))
    assert {status for status, _ in answers} == {200}
    assert bank.banking.accounts.totals()["balance_cents"] == before
    assert bank.banking.accounts.totals()["transfers"] == 20
    assert (await ask(client, "POST", "/api/transfer", json={"to": 0, "amount_cents": 1}))[0] == 409


async def test_transfers_and_new_accounts_are_booked_and_nothing_else(client: Any, bank: Bank) -> None:
    await log_in(client)
    for path in ("/api/dashboard", "/api/reports", "/api/rates", "/api/help", "/"):
        await ask(client, "GET", path)
    assert bank.ledger.usage(0).batches == 0
    await ask(client, "POST", "/api/transfer", json={"to": 2, "amount_cents": 100})
    await ask(client, "POST", "/api/register", json={"name": "guest"})
    assert bank.ledger.usage(0).batches == 2


async def test_the_metrics_say_how_busy_the_ledger_is(client: Any) -> None:
    await asyncio.gather(*(ask(client, "POST", "/api/register", json={}) for _ in range(5)))
    async with client.get("/metrics") as response:
        samples = dict(line.rsplit(" ", 1) for line in (await response.text()).splitlines() if line[0] != "#")
    assert samples["bank_ledger_waiting"] == "0"
    assert samples['bank_requests_total{route="POST /api/register"}'] == "5"
    assert 1 <= int(samples["bank_ledger_batches_total"]) <= 5
    assert float(samples["bank_ledger_seconds_total"]) > 0


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


async def test_all_items_of_a_route_are_one_row_of_the_counts(client: Any) -> None:
    await log_in(client)
    for path in ("/api/orders/1", "/api/orders/22", "/api/book/ACME", "/api/book/"):
        await ask(client, "GET", path)
    _, stats = await ask(client, "GET", "/stats")
    assert stats["routes"] == {
        "GET /api/book/{instrument}": 1,
        "GET /api/orders/{order}": 2,
        "POST /api/auth/login": 1,
        "other": 1,
    }


async def test_an_answer_of_a_desk_is_sent_when_it_is_ready(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    await log_in(client)
    monkeypatch.setattr(demo_bank.asyncio, "sleep", sleep)
    order = {"instrument": "ACME", "side": "buy", "quantity": 1, "limit_cents": 10}
    assert (await ask(client, "POST", "/api/orders", json=order))[0] == 201
    assert waits == [pytest.approx(0.005)]


async def test_a_stream_has_its_events_in_order_and_an_end(client: Any) -> None:
    async with client.get("/api/feed", params={"events": "3", "every": "0"}) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        lines = (await response.text()).splitlines()
    assert [line for line in lines if line.startswith("event:")] == ["event: price"] * 3 + ["event: end"]
    assert [line for line in lines if line.startswith("id:")] == ["id: 1", "id: 2", "id: 3", "id: 4"]


async def test_a_client_may_leave_a_stream(client: Any, bank: Bank) -> None:
    async with client.get("/api/feed", params={"events": "10000", "every": "1"}) as response:
        await response.content.readline()
    await until(lambda: not bank.counts.report()["concurrent"])
    assert bank.counts.report()["routes"] == {"GET /api/feed": 1}


@pytest.mark.parametrize("form", [True, False])
async def test_a_document_is_measured_however_it_is_uploaded(client: Any, form: bool) -> None:
    await log_in(client)
    content = bytes(range(256)) * 4096
    data: Any = content
    if form:
        data = aiohttp.FormData({"note": "Zürich"})
        data.add_field("document", content, filename="deed.pdf", content_type="application/pdf")
    status, answer = await ask(client, "POST", "/api/documents", data=data)
    assert status == 201
    document = answer["data"]
    assert (document["bytes"], document["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert document["fields"] == ({"note": "Zürich"} if form else {})
    assert (document["name"], document["content_type"]) == (
        ("deed.pdf", "application/pdf") if form else (None, "application/octet-stream")
    )
    assert (await ask(client, "GET", "/api/documents/1"))[1] == answer
    assert (await ask(client, "GET", "/api/documents"))[1] == {"data": {"documents": [document]}, "next": None}


@pytest.mark.parametrize(
    ("data", "headers", "reason"),
    [
        (aiohttp.MultipartWriter("form-data"), {}, "the form has no file"),
        (b"--x\r\nno head", {"Content-Type": "multipart/form-data; boundary=x"}, "the form"),
        (b"no parts", {"Content-Type": "multipart/form-data"}, "the form cannot be read"),
    ],
)
async def test_a_form_that_is_none_is_refused(client: Any, data: Any, headers: dict[str, str], reason: str) -> None:
    await log_in(client)
    status, answer = await ask(client, "POST", "/api/documents", data=data, headers=headers)
    assert (status, reason in answer["error"]) == (400, True), answer


async def test_a_document_that_is_too_large_is_refused(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LARGEST", 1000)
    await log_in(client)
    assert (await ask(client, "POST", "/api/documents", data=b"x" * 1000))[0] == 201
    assert (await ask(client, "POST", "/api/documents", data=b"x" * 1001))[0] == 413


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
    accounts = {bank.banking.accounts.find(row["username"], row["password"]) for row in rows}
    assert len(rows) >= 150
    assert None not in accounts
    assert len(accounts) == len(rows)


async def test_what_the_bank_says_is_json(client: Any) -> None:
    async with client.get("/") as response:
        assert json.loads(await response.text())["routes"]
