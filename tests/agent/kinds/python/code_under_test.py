"""Python actions for the tests, as a user of Gradual writes them."""

import asyncio
import signal
from collections import Counter
from typing import Any

from gradual_agent.kinds.python.user import ActionUser

events: Counter[str] = Counter()
kept: list[Any] = []


async def three(user: ActionUser, page: str = "/page") -> None:
    """Three requests, one of them over a redirect, and a variable."""
    first = await user.http.post("/login", json={"username": f"u{user.variables['vu'].slot}"})
    user.variables["token"] = first.json["token"]
    await user.http.get("/moved")
    await user.http.get(page, query={"token": user.http.cookie("sid")})


async def at_once(user: ActionUser) -> None:
    """Requests that are asked for at once, beside something else."""
    answers = await asyncio.gather(*(user.http.get("/page") for _ in range(5)), asyncio.sleep(0.001))
    assert [answer.status_code for answer in answers[:-1]] == [200] * 5


async def gives_up(user: ActionUser) -> None:
    """A request that the code does not wait for, and one after it."""
    try:
        async with asyncio.timeout(0.3):
            await user.http.get("/slow")
    except TimeoutError:
        events["gave up"] += 1
    await user.http.get("/page")


async def repeats(user: ActionUser) -> None:
    """Ends with what the system said."""
    answer = await user.http.get("/api/broken", service="ledger", check_status=False)
    raise LookupError(answer.text)


async def raises(user: ActionUser, what: str) -> None:
    """Ends in the way that `what` names, after a request."""
    await user.http.get("/page")
    match what:
        case "exception":
            raise KeyError("token")
        case "fail":
            user.fail("balance is off: 3")
        case "exit":
            raise SystemExit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "cancelled":
            raise asyncio.CancelledError
        case "status":
            await user.http.get("/broken")
        case "timeout":
            await user.http.get("/slow", timeout=0.3)
        case "undeclared":
            user.variables["other"] = 1
        case "object":
            user.variables["token"] = {"a": [1, {2, 3}]}
        case "service":
            await user.http.get("/", service="ledgr")
        case "url":
            await user.http.get("ftp://bank/")
        case "length":
            await user.http.post("/page", body="abc", headers={"Content-Length": 2})
        case "sleep":
            await user.sleep(-1)


async def expects(user: ActionUser) -> None:
    """Failures that the code expects."""
    answer = await user.http.get("/broken", check_status=False)
    assert answer.status_code == 500
    assert answer.text == "{}"


async def nothing(user: ActionUser) -> None:
    """Sends nothing and waits for nothing."""


async def waits(user: ActionUser) -> None:
    """Waits for something that is no message."""
    await asyncio.sleep(0.001)


async def sleeps(user: ActionUser, seconds: float) -> None:
    """A deliberate wait between two requests."""
    await user.http.get("/page")
    try:
        await user.sleep(seconds)
    finally:
        events["cleaned"] += 1
    await user.http.get("/page")


async def hangs(user: ActionUser) -> None:
    """Never answered; cleans up."""
    try:
        await user.http.get("/slow")
    finally:
        events["cleaned"] += 1


async def stubborn(user: ActionUser) -> None:
    """Ignores that it is cancelled."""
    await user.http.get("/page")
    for _ in range(400):
        try:
            await asyncio.sleep(0.005)
        except asyncio.CancelledError:
            events["ignored"] += 1
            try:
                await user.http.get("/page")
            except Exception as error:
                kept.append(str(error))


async def leaves_a_request(user: ActionUser) -> None:
    """Returns while a task of it waits for a response."""
    kept.append(asyncio.create_task(user.http.get("/slow")))
    await asyncio.sleep(0.02)


async def draws(user: ActionUser) -> None:
    """The random numbers of its user."""
    kept.append(user.random())


NO_COROUTINE = signal.SIGTERM
