"""Runs from Python (tests, scripts, notebooks): does what `gradual run` does, and returns the summary."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from gradual.agents.processes import AgentProcesses, default_agents, private_folder
from gradual.errors import UsageError
from gradual_common.plan.loader import LoadedPlan, PlanSource, load_plan
from gradual_common.plan.reading.overrides import Overrides
from gradual_common.process.exit_codes import FailOn
from gradual_common.process.logs import host_logging
from gradual_common.secrecy.masking import hide_credentials
from gradual_common.units import read_duration
from gradual_master.command_line.baseline import baseline_of
from gradual_master.command_line.options import plan_of_url
from gradual_master.command_line.running import watch
from gradual_master.reporting import BUILT_IN, BaseReporter, Reporter
from gradual_master.reporting.running.lookup import ReporterFinder
from gradual_master.results.summary.sections import Summary
from gradual_master.run.options import RunOptions
from gradual_master.store.location import locate_store
from gradual_master.store.reporter import StoreReporter

PlanLike = str | os.PathLike[str] | Mapping[str, Any]
ReporterLike = BaseReporter | type[BaseReporter] | str

P = ParamSpec("P")
T = TypeVar("T")

_OWNS_LOOP: ContextVar[bool] = ContextVar("_OWNS_LOOP", default=False)
"""Whether the event loop was made for this run. In a loop of the host program, signals belong to the host."""


async def run_async(
    plan: PlanLike,
    *,
    agents: int | None = None,
    reporters: Sequence[ReporterLike] = (),
    overrides: Mapping[str, Any] | None = None,
    ramp_config: Mapping[str, Any] | None = None,
    base_url: str | None = None,
    users: int | None = None,
    duration: str | None = None,
    data: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    profile: str | None = None,
    tags: Mapping[str, str] | None = None,
    interval: str = "1s",
    lease: str = "10s",
    allow_missing: float = 0.01,
    allow_saturated: bool = False,
    store: str | None = None,
    baseline: str | Sequence[str] = (),
    fail_on: FailOn = "regression",
) -> Summary:
    """Run a plan on this machine, with its own agent processes, and judge it.

    `plan`: a path, a URL (one GET), the text of a plan (YAML of several lines), or a mapping. `overrides`: values by
    their paths, such as {"users.guest.concurrency": 10}; `ramp_config`: the ramp, such as {"strategy": "additive",
    "initial": 5, "increment": 5, "interval": "10s"}; `base_url`, `users`, `duration`, `data`, `env`, `profile`,
    `tags`: as the options of `gradual run`. `reporters`: instances, classes, or what `-o` takes ("html=report.html").
    `allow_missing`: a share of the scheduled user-seconds. `store`: the SQLite file in which the run is kept; without
    one it is kept nowhere. `baseline`: the name of a baseline of the store (by default the user's), or summaries;
    `fail_on`: what of the comparison fails the run.

    The result is in the summary, also of a failed run: `summary.verdict`. Raises PlanError with every mistake of the
    plan, and other GradualErrors, before anything is sent. If it is cancelled, it ends its agents at once.
    """
    ramp = {"config.ramp_config": dict(ramp_config)} if ramp_config else {}
    sets = (*(overrides or {}).items(), *ramp.items())
    changes = Overrides(base_url, users, duration, data or {}, env or {}, sets, profile)
    source = source_of(plan)
    loaded = load_plan(source, changes, os.environ)
    words = [baseline] if isinstance(baseline, str) else baseline
    options = RunOptions(
        lease=read_duration(lease),
        interval=read_duration(interval),
        allow_missing=allow_missing,
        allow_saturated=allow_saturated,
        tags=dict(tags or {}),
        store=None if store is None else locate_store(store, os.environ, by_default=False),
        # In a thread: it may load the database library, and must not block the event loop of the host program.
        baseline=await asyncio.to_thread(baseline_of, words, loaded.plan.config.baseline, store, fail_on),
    )
    number = default_agents() if agents is None else agents
    return await _run_with_agents(loaded, options, number, reporters, source.folder_of_code)


def synchronous(call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Make a normal function of a coroutine function; if a loop is already running (a notebook), it runs in a
    thread."""

    @wraps(call)
    def run_to_its_end(*arguments: P.args, **options: P.kwargs) -> T:
        def run() -> T:
            # With a loop factory, the runner does not replace the current event loop of the thread or of the policy.
            context = copy_context()
            context.run(_OWNS_LOOP.set, True)
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                return runner.run(call(*arguments, **options), context=context)

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return run()
        with ThreadPoolExecutor(1, thread_name_prefix="gradual run") as thread:
            return thread.submit(run).result()

    return run_to_its_end


run = synchronous(run_async)
"""`run_async` as a normal function."""


async def _run_with_agents(
    loaded: LoadedPlan, options: RunOptions, number: int, reporters: Sequence[ReporterLike], code: Path | None
) -> Summary:
    if number < 1:
        raise UsageError(f"agents={number}: at least 1 is needed")
    instances = make_reporters(reporters, loaded)
    if options.store is not None:
        instances.append(StoreReporter(options.store))
    with private_folder() as folder, host_logging():
        socket = folder / "master"
        options = replace(
            options,
            listen=f"unix:{socket}",
            expect_agents=number,
            is_closed=True,
            command="gradual.run",
            takes_signals=_OWNS_LOOP.get(),
        )
        agents = AgentProcesses(socket, "warning", "console", code=code)
        try:
            agents.start(number)
            return await watch(loaded, options, instances, agents.check)
        except BaseException:
            agents.kill()
            raise
        finally:
            # In a thread: it waits for the processes, and must not block the event loop of the host program.
            await asyncio.to_thread(agents.end)


def source_of(plan: PlanLike) -> PlanSource:
    """The source of the plan. A string with several lines, or one in braces, is the plan itself."""
    if isinstance(plan, Mapping):
        return PlanSource(mapping=plan)
    if isinstance(plan, str):
        if "\n" in plan or plan.lstrip().startswith("{"):
            return PlanSource(text=plan)
        if plan.startswith(("http://", "https://")):
            return PlanSource(hide_credentials(plan), mapping=plan_of_url(plan))
    return PlanSource.of_path(Path(plan))


def make_reporters(reporters: Sequence[ReporterLike], loaded: LoadedPlan) -> list[Reporter]:
    """An instance of each reporter; ReporterError for one that does not exist."""
    finder = ReporterFinder(BUILT_IN, loaded.plan.reporters, loaded.folder)
    return [finder.find(r) if isinstance(r, str) else r() if isinstance(r, type) else r for r in reporters]
