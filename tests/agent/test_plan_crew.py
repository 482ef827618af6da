"""The crew of a plan is ready before any of its users: what cannot be used is an error of the job."""

import asyncio

import pytest
import trustme

from gradual_agent.coordination.lease import Lease
from gradual_agent.errors import JobError
from gradual_agent.http import tls
from gradual_agent.plan_crew import PlanCrew
from gradual_agent.timeline import Timeline, read_clock
from gradual_common.messages import Job
from gradual_common.plan.model import Tls

DOCUMENT = {
    "config": {"base_url": "https://bank.example", "duration": "1m", "tls": {"ca": "ca.pem"}},
    "users": [{"name": "a", "concurrency": 1, "behavior": ["look"]}],
    "actions": {"look": {"url": "/"}, "post": {"url": "/", "tls": {"verify": False}}},
}


async def make_crew(assets: dict[str, bytes]) -> PlanCrew:
    loop = asyncio.get_running_loop()
    timeline = Timeline(loop)
    job = Job(DOCUMENT, assets, {}, (), 1)
    try:
        return PlanCrew(job, lambda *_: None, loop=loop, timeline=timeline, lease=Lease(1 << 62), clock=read_clock)
    finally:
        timeline.close()


async def test_contexts_are_made_when_the_job_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    crew = await make_crew({"ca.pem": trustme.CA().cert_pem.bytes()})
    monkeypatch.setattr(tls, "make_context", None)
    contexts = crew._engine.dialer.contexts
    assert contexts.context_for(Tls(ca="ca.pem")) is not contexts.context_for(Tls(ca="ca.pem", verify=False))


@pytest.mark.parametrize(
    ("assets", "message"),
    [({"ca.pem": b"x"}, r"cannot be used on this machine: tls\.ca"), ({}, "'ca.pem', which was not sent along")],
)
async def test_files_that_cannot_be_used_are_an_error_of_the_job(assets: dict[str, bytes], message: str) -> None:
    with pytest.raises(JobError, match=message):
        await make_crew(assets)
