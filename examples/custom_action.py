"""Python actions: what the plan language cannot say, as coroutines that act as one user.

    gradual run examples/custom_action.yaml

Under `gradual run` the plan's own folder is searched. Agents on other hosts run this file only if their operators allow
it: `gradual-agent --allow-code examples/custom_action.py …`.
"""

import asyncio

from gradual.actions import ActionUser, RequestFailedError


async def settle(user: ActionUser, amount: int, to: int = 1000) -> None:
    """Pay in two halves, and check that the balance fell by exactly the amount."""
    before = await balance(user)
    first = amount // 2
    for part in (first, amount - first):
        await user.http.post("/api/transfer", json={"to": to, "amount_cents": part})
        await user.sleep(0.1)  # The customer looks at the screen: thinking, and no part of the response time.
    after = await balance(user)
    if before - after != amount:
        user.fail(f"the balance fell by {before - after} cents, not by {amount}")
    user.variables["balance"] = after


async def balance(user: ActionUser) -> int:
    """The balance in cents; one that is not an integer ends the action with kind `python` and this line."""
    page = await user.http.get("/api/dashboard")
    return int(page.json["data"]["balance_cents"])


async def watch(user: ActionUser, tries: int) -> None:
    """Ask for rates until one is there in time; a request that takes too long is expected, and no failure."""
    for _ in range(tries):
        try:
            async with asyncio.timeout(0.5):
                await user.http.get("/api/rates")
                return
        except (TimeoutError, RequestFailedError) as error:
            user.log.warning("no rates", reason=str(error))
    user.fail(f"no rates after {tries} tries")
