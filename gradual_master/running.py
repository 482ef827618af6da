"""A plan, run and reported for a command line: reporters, progress, the summary on standard output, the exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import typer

from gradual_common.errors import GradualError
from gradual_common.logs import configure_logging
from gradual_common.plan.document import nearest
from gradual_common.plan.loader import LoadedPlan
from gradual_common.scheduling import compile_schedule
from gradual_master.conduct import conduct
from gradual_master.errors import ReporterError
from gradual_master.options import RunArguments
from gradual_master.reporting import BUILT_IN, BaseReporter, ProgressReporter, Reporter, create_reporter
from gradual_master.reporting.jsonfile import render_json
from gradual_master.results.facts import RunFacts
from gradual_master.results.summary import Summary
from gradual_master.run_options import RunOptions

LOOK_S = 0.2

Check = Callable[[], None]
"""Called until the run has begun; raises a GradualError when it never will."""


def hope() -> None:
    """Nothing can be known of agents that others start."""


class StartWatch(BaseReporter):
    """Knows whether the schedule has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun = False

    def on_test_start(self, run: RunFacts) -> None:
        """The schedule has begun."""
        self.has_begun = True


def run_and_report(
    loaded: LoadedPlan, arguments: RunArguments, options: RunOptions, log_level: str, check: Check = hope
) -> int:
    """Conduct the run, print what was asked for, and return the exit code."""
    configure_logging(log_level, arguments.log_format.value)
    reporters = make_reporters(arguments)
    progress = ProgressReporter(compile_schedule(loaded.plan))
    # Before the others: what they print must not stand where the live display is about to be erased.
    watching = reporters if arguments.quiet else [progress, *reporters]
    try:
        summary = asyncio.run(watch(loaded, options, watching, check))
    finally:
        progress.close()
    if arguments.json_:
        typer.echo(render_json(summary), nl=False)
    return summary.run.exit_code


def make_reporters(arguments: RunArguments) -> list[BaseReporter]:
    """Those that were asked for, and the console's unless standard output is to be quiet or is taken by JSON."""
    specs = list(arguments.reporter)
    takes_output = arguments.quiet or arguments.json_ or "json=-" in specs
    if not takes_output and "console" not in specs:
        specs.insert(0, "console")
    reporters = [find_reporter(spec) for spec in specs]
    for reporter in reporters:
        reporter.prepare()
    return reporters


def find_reporter(spec: str) -> BaseReporter:
    """The reporter of `NAME[=ARG]`; ReporterError with the most similar name for one that is not there."""
    name = spec.partition("=")[0]
    if name in BUILT_IN:
        return create_reporter(spec)
    known = f"there is no reporter {name!r}; built in are {', '.join(BUILT_IN)}"
    raise ReporterError("; ".join(part for part in (known, nearest(name, list(BUILT_IN))) if part))


async def watch(loaded: LoadedPlan, options: RunOptions, reporters: Sequence[Reporter], check: Check) -> Summary:
    """`conduct`, given up with what `check` raises before it could begin."""
    start = StartWatch()
    run = asyncio.create_task(conduct(loaded, options, [*reporters, start]))
    while not (await asyncio.wait({run}, timeout=LOOK_S))[0]:
        try:
            if not start.has_begun:
                check()
        except GradualError:
            run.cancel()
            await asyncio.wait({run})
            raise
    return run.result()
