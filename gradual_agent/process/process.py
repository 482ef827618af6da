"""One agent process: set up for even latency, then run until its agent has an exit code (docs/design/architecture.md,
6).

A thread loads the heavy modules that the Hello does not need (plan model, templates, engine).
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import random
import secrets
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

import structlog
import uvloop

from gradual_agent.coordination.contact import Redial
from gradual_agent.errors import AgentError
from gradual_agent.master_link.endpoint import MasterEndpoint
from gradual_agent.process.agent import Agent
from gradual_agent.process.options import AgentOptions
from gradual_agent.runtime.allowed_hosts import AllowedHosts
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.leftovers import Leftovers, leave
from gradual_agent.runtime.loop_timer import LoopTimer, read_clock
from gradual_common import __version__
from gradual_common.errors import GradualError
from gradual_common.process.exit_codes import NOT_DONE
from gradual_common.process.file_limit import raise_file_limit
from gradual_common.process.logs import hide_secrets, mask_in_logs
from gradual_common.protocol.job import Job, all_credentials
from gradual_common.protocol.messages import PROTOCOL, Hello
from gradual_common.protocol.names import shown_name

if TYPE_CHECKING:
    from gradual_agent.process.plan_run import PlanRun  # Heavy: loaded after the Hello.

MAX_USERS = 20_000
RESERVED_FILES = 200
"""Descriptors that are not connections of users: the master, the loop, DNS, the interpreter."""

YOUNG_OBJECTS = 50_000
"""The garbage collector's first threshold: users make few cycles, and each collection pauses all of them."""

PLAN_MODULE = "gradual_agent.process.plan_run"


def exit_code_of_run(options: AgentOptions, command: str) -> int:
    """Serve one run; its exit code. A failure is reported on standard error, as an error of `command`."""
    try:
        return run_process(options)
    except GradualError as error:
        sys.stderr.write(f"{command}: {hide_secrets(str(error))}\n")
    except Exception:
        # By the log, which shows nothing secret.
        structlog.get_logger(__name__).exception("the agent failed")
    return NOT_DONE


def run_process(options: AgentOptions) -> int:
    """Serve one run in this process; the exit code."""
    limit = raise_file_limit(MAX_USERS + RESERVED_FILES)
    max_users = options.max_users or min(MAX_USERS, limit - RESERVED_FILES)
    if max_users < 1:
        raise AgentError(f"{limit} file descriptors hold no user beside the {RESERVED_FILES} reserved; raise ulimit -n")
    if max_users > limit - RESERVED_FILES:
        structlog.get_logger(__name__).warning("fewer file descriptors than users", files=limit, max_users=max_users)
    leftovers = Leftovers()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        leftovers.watch(runner.get_loop())
        code = runner.run(serve(options, max_users))
        if not runner.run(leftovers.have_ended()):
            structlog.get_logger(__name__).warning("the code of a Python action goes on; this process ends without it")
            leave(code)
        return code


async def serve(options: AgentOptions, max_users: int) -> int:
    """Run the agent on this loop until the run is over, or a signal has ended it."""
    loop = asyncio.get_running_loop()
    timer, lease, allowed = LoopTimer(loop), Lease(), AllowedHosts(options.allow_hosts)

    def start_plan(job: Job, *listeners: Any) -> PlanRun:
        *others, supplies = listeners
        from gradual_agent.kinds.engines import Runtime  # noqa: PLC0415  heavy, and not needed for the Hello
        from gradual_agent.process.plan_run import PlanRun  # noqa: PLC0415  as above
        from gradual_agent.runtime.allowed_code import AllowedCode  # noqa: PLC0415  as above

        mask_in_logs(*all_credentials(job))
        runtime = Runtime(
            loop, timer.timeline, lease, read_clock, allowed=allowed, code=AllowedCode(options.allow_code)
        )
        run = PlanRun(job, runtime, *others, supplies=supplies)
        calm_collector()
        return run

    agent = Agent(
        introduction_of(options, max_users),
        master=MasterEndpoint(options.master, options.security),
        redial=Redial(options.master_wait, random.SystemRandom().random, read_clock()),
        lease=lease,
        timeline=timer.timeline,
        clock=read_clock,
        outcome=loop.create_future(),
        start_plan=start_plan,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.leave)
    preload = loop.run_in_executor(None, importlib.import_module, PLAN_MODULE)
    try:
        return await agent.run()
    finally:
        # An import that failed is reported by `start_plan`, which imports the module again.
        await asyncio.gather(preload, return_exceptions=True)
        timer.close()


def introduction_of(options: AgentOptions, max_users: int) -> Hello:
    """The Hello of this process, with a key that no other process has."""
    key, host = secrets.token_bytes(16), shown_name(socket.gethostname(), "unknown")
    return Hello(PROTOCOL, key, options.name, host, os.getpid(), __version__, 0, max_users, part=options.part)


def calm_collector() -> None:
    """Exclude all objects that exist now from collections, and collect new ones rarely."""
    # `freeze` moves all objects to a generation that is never scanned. A full collection would
    # otherwise scan the plan and all loaded modules, and pause all users for that time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 50, 100)
