"""The ledger writes bookings in batches, in their order; users who book without a pause follow a known law."""

import asyncio

import pytest
from virtual_time import run_virtually

from gradual.demo.ledger import ENTRY_S, PAIR_S, WRITE_S, Ledger, LedgerUsage, batch_seconds
from gradual_master.analysis.scalability.analyse import analyse_scalability
from gradual_master.analysis.scalability.levels import MeasuredLevel


@pytest.mark.parametrize(("bookings", "milliseconds"), [(1, 60), (2, 70.2), (10, 159), (60, 1004)])
def test_a_batch_costs_a_write_and_its_entries_and_their_pairs(bookings: int, milliseconds: float) -> None:
    assert batch_seconds(bookings) * 1000 == pytest.approx(milliseconds)


async def book(ledger: Ledger, name: str, booked: list[tuple[str, float]]) -> None:
    await ledger.book()
    booked.append((name, asyncio.get_running_loop().time()))


def usage_of(ledger: Ledger) -> LedgerUsage:
    return ledger.usage(asyncio.get_running_loop().time())


def approximately(waiting: int, batches: int, locked_s: float) -> LedgerUsage:
    return LedgerUsage(waiting, batches, pytest.approx(locked_s))


def test_whoever_comes_during_a_batch_is_in_the_next_one_in_the_order_of_arrival() -> None:
    booked: list[tuple[str, float]] = []

    async def arrive() -> LedgerUsage:
        ledger = Ledger()
        first = asyncio.ensure_future(book(ledger, "a", booked))
        await asyncio.sleep(WRITE_S / 2)
        others = [asyncio.ensure_future(book(ledger, name, booked)) for name in "bcd"]
        await asyncio.sleep(WRITE_S / 4)
        usage = usage_of(ledger)
        await asyncio.gather(first, *others)
        assert usage_of(ledger) == approximately(0, 2, batch_seconds(1) + batch_seconds(3))
        return usage

    assert run_virtually(arrive()) == approximately(waiting=3, batches=1, locked_s=WRITE_S * 3 / 4)
    alone, together = batch_seconds(1), batch_seconds(1) + batch_seconds(3)
    assert [name for name, _ in booked] == list("abcd")
    assert [at for _, at in booked] == pytest.approx([alone, together, together, together])


def test_a_client_that_leaves_takes_nobody_along() -> None:
    booked: list[tuple[str, float]] = []

    async def leave() -> LedgerUsage:
        ledger = Ledger()
        leaver, other = (asyncio.ensure_future(book(ledger, name, booked)) for name in "ab")
        await asyncio.sleep(WRITE_S / 2)
        late = asyncio.ensure_future(book(ledger, "c", booked))
        await asyncio.sleep(0)
        leaver.cancel()
        await asyncio.gather(other, late)
        return usage_of(ledger)

    assert run_virtually(leave()) == approximately(0, 2, batch_seconds(2) + batch_seconds(1))
    assert [name for name, _ in booked] == ["b", "c"]


def throughput_of(users: int, rounds: int) -> float:
    """Bookings a second of users who book again at once."""

    async def insist(ledger: Ledger) -> None:
        for _ in range(rounds):
            await ledger.book()

    async def measure() -> float:
        ledger = Ledger()
        await asyncio.gather(*(insist(ledger) for _ in range(users)))
        return users * rounds / asyncio.get_running_loop().time()

    return run_virtually(measure())


def test_users_who_book_without_a_pause_follow_the_universal_scalability_law() -> None:
    """Its parameters are known here: γ = 1/(c + s), α = s/(c + s), β = p/(c + s)."""
    users = (1, 2, 4, 8, 12, 16, 24, 32, 48)
    measured = [MeasuredLevel(concurrency=number, throughput=throughput_of(number, 20)) for number in users]
    assert [row.throughput for row in measured] == pytest.approx([number / batch_seconds(number) for number in users])
    found = analyse_scalability(measured)
    assert found.gamma is not None
    assert found.alpha is not None
    assert found.beta is not None
    alone = WRITE_S + ENTRY_S
    fitted = (found.gamma.value, found.alpha.value, found.beta.value)
    assert fitted == pytest.approx((1 / alone, ENTRY_S / alone, PAIR_S / alone), rel=1e-3)
