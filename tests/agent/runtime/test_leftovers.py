"""What a Python action has left behind is waited for, but not without end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

import pytest

from gradual_agent.runtime import leftovers
from gradual_agent.runtime.leftovers import Leftovers


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "END_S", 0.1)


def test_tasks_are_cancelled() -> None:
    cancelled = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def begin() -> asyncio.Task[None]:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        return task

    left = Leftovers()
    with asyncio.Runner() as runner:
        left.watch(runner.get_loop())
        task = runner.run(begin())
        assert runner.run(left.have_ended())
    assert cancelled == [True]
    assert task.cancelled()


@pytest.mark.parametrize("kind", ["of the loop", "of the code"])
def test_a_thread_that_goes_on_is_noticed_and_one_that_ends_is_not(kind: str) -> None:
    release = threading.Event()

    async def begin() -> Any:
        if kind == "of the loop":
            return asyncio.get_running_loop().run_in_executor(None, release.wait, 60)
        return threading.Thread(target=release.wait, args=(60,)).start()

    left = Leftovers()
    with asyncio.Runner() as runner:
        left.watch(runner.get_loop())
        runner.run(begin())
        assert not runner.run(left.have_ended())
        release.set()
        for thread in left._threads():
            thread.join()
        assert runner.run(left.have_ended())


def test_a_task_that_ignores_its_end_is_noticed() -> None:
    async def stubborn(release: asyncio.Event) -> None:
        while not release.is_set():
            with suppress(asyncio.CancelledError):
                await release.wait()

    async def begin(release: asyncio.Event) -> asyncio.Task[None]:
        task = asyncio.create_task(stubborn(release))
        await asyncio.sleep(0)
        return task

    left = Leftovers()
    with asyncio.Runner() as runner:
        left.watch(runner.get_loop())
        release = asyncio.Event()
        task = runner.run(begin(release))
        assert not runner.run(left.have_ended())
        release.set()
        runner.run(asyncio.wait([task]))
        assert runner.run(left.have_ended())


def test_a_process_ends_without_its_threads() -> None:
    code = "import threading, time; from gradual_agent.runtime.leftovers import leave\n"
    code += "threading.Thread(target=time.sleep, args=(600,)).start(); print('said'); leave(7)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (7, "said\n")
