"""A plan, run and reported for a command line: reporters, progress, the summary on standard output, the exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from gradual_common.plan.loader import LoadedPlan
from gradual_common.process.logs import configure_logging
from gradual_common.schedule.schedule import Schedule
from gradual_master.command_line.options import RunArguments
from gradual_master.reporting import BUILT_IN, Reporter
from gradual_master.reporting.jsonfile import STANDARD_OUTPUT, JsonReporter
from gradual_master.reporting.progress.reporter import ProgressReporter
from gradual_master.reporting.running.lookup import ReporterFinder
from gradual_master.reporting.running.threads import prepare_all
from gradual_master.results.summary.sections import Summary
from gradual_master.run.conduct import conduct
from gradual_master.run.options import RunOptions

POLL_S = 0.2

Check = Callable[[], None]
"""Called until the run has begun; raises a GradualError when it never will (nothing is known of agents elsewhere)."""


def run_and_report(
    loaded: LoadedPlan, arguments: RunArguments, options: RunOptions, log_level: str, check: Check = lambda: None
) -> int:
    """Conduct the run, print what was asked for, and return the exit code."""
    configure_logging(log_level, arguments.log_format)
    reporters = make_reporters(arguments, loaded)
    # Before the others: what they print must not stand where the live display is about to be erased.
    watching = reporters if arguments.quiet else [make_progress(arguments, loaded.schedule), *reporters]
    summary = asyncio.run(watch(loaded, options, watching, check))
    if arguments.json_:
        JsonReporter(STANDARD_OUTPUT).on_test_complete(summary)
    return summary.run.exit_code


def make_progress(arguments: RunArguments, schedule: Schedule) -> Reporter:
    """The live display that was asked for."""
    if not arguments.monitor:
        return ProgressReporter(schedule)
    from gradual_master.reporting.monitor import MonitorReporter  # noqa: PLC0415 - only this display needs it

    return MonitorReporter(schedule)


def make_reporters(arguments: RunArguments, loaded: LoadedPlan) -> list[Reporter]:
    """Those that were asked for, and the console's unless standard output is to be quiet or is taken by JSON."""
    specs = list(arguments.reporter)
    takes_output = arguments.quiet or arguments.json_ or "json=-" in specs
    if not takes_output and "console" not in specs:
        specs.insert(0, "console")
    finder = ReporterFinder(BUILT_IN, loaded.plan.reporters, loaded.folder)
    return [finder.find(spec) for spec in specs]


async def watch(loaded: LoadedPlan, options: RunOptions, reporters: Sequence[Reporter], check: Check) -> Summary:
    """`conduct` with reporters that are ready, given up with what `check` raises before it could begin.

    Whatever happens, also that this is cancelled, the run has ended and the reporters are closed when it returns.
    """
    prepare_all(reporters)
    has_begun = asyncio.Event()
    run = asyncio.create_task(conduct(loaded, replace(options, on_begin=has_begun.set), reporters))
    try:
        # Its first step starts the reporters' threads, and from then on it closes them: not cancelled before that.
        await asyncio.sleep(0)
        while not (await asyncio.wait({run}, timeout=POLL_S))[0]:
            if not has_begun.is_set():
                check()
    finally:
        run.cancel()
        await asyncio.wait({run})
    return run.result()
