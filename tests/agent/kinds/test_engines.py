"""The engines of an agent: one for each kind of the plan, each action compiled once for what must be kept of it."""

import asyncio
from typing import Any

import pytest

from gradual_agent.errors import JobError
from gradual_agent.kinds import engines
from gradual_agent.kinds.engines import Engines, Runtime
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.loop_timer import LoopTimer, read_clock
from gradual_common.plan.model.plan import Plan


def plan(**action: Any) -> Plan:
    return Plan.model_validate(
        {
            "config": {"base_url": "http://bank", "duration": "1m"},
            "users": [{"name": "g", "concurrency": 1, "behavior": ["a"]}],
            "actions": {"a": {"url": "/", **action}},
        }
    )


def make(of: Plan) -> Engines:
    loop = asyncio.get_running_loop()
    return Engines(of, Runtime(loop, LoopTimer(loop).timeline, Lease(), read_clock), {})


async def test_an_action_is_compiled_once_for_what_is_kept_of_its_responses() -> None:
    made = make(plan())
    assert made.compile("a", True, False) is made.compile("a", True, False)
    assert made.compile("a", True, False) is not made.compile("a", False, False)
    assert "http://bank" in made.texts_of("a")
    assert made.connections == 0
    made.close()


async def test_files_that_were_not_sent_along_refuse_the_job() -> None:
    with pytest.raises(JobError, match=r"name 'ca\.pem', which was not sent along"):
        make(plan(tls={"ca": "ca.pem"}))


@pytest.mark.parametrize("engine", ["no_such_module:make", "gradual_agent.kinds.engines:nothing"])
def test_a_kind_whose_engine_is_not_here_refuses_the_job(engine: str) -> None:
    with pytest.raises(JobError, match="actions of the kind 'lines' cannot be performed here"):
        engines._maker_of("lines", engine)
