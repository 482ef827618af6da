"""The demo bank's service times repeat, and grow with the load."""

import asyncio

import pytest

from gradual.demo import service as demo_service
from gradual.demo.service import CROSSTALK, Service, Work


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
    monkeypatch.setattr(demo_service.asyncio, "sleep", noted.sleep)
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


async def test_a_slower_bank_takes_so_much_longer_for_the_same_requests(pauses: Pauses) -> None:
    for slower in (0.0, 0.15):
        await serve(Service(workers=1, seed=4, slower=slower), Work(0.01), 3)
    first, second = pauses.seconds[:3], pauses.seconds[3:]
    assert second == pytest.approx([1.15 * seconds for seconds in first])


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
