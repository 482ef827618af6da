"""Runs a plan for a command line: reporters, progress, the summary on standard output, the exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from gradual_common.plan.loader import LoadedPlan
from gradual_common.process.file_limit import raise_file_limit
from gradual_common.process.logs import configure_logging
from gradual_common.schedule.schedule import Schedule
from gradual_master.command_line.baseline import baseline_of
from gradual_master.command_line.github import annotate_summary
from gradual_master.command_line.github_summary import append_step_summary
from gradual_master.command_line.options import RunArguments
from gradual_master.reporting import BUILT_IN, Reporter
from gradual_master.reporting.jsonfile import STANDARD_OUTPUT, JsonReporter
from gradual_master.reporting.progress.reporter import ProgressReporter
from gradual_master.reporting.running.lookup import ReporterFinder
from gradual_master.reporting.running.threads import prepare_all
from gradual_master.results.summary.sections import Summary
from gradual_master.run.conduct import conduct
from gradual_master.run.options import RunOptions
from gradual_master.store.reporter import StoreReporter

POLL_S = 0.2

MAX_FILES = 65_536
"""Enough for connections of agents where the system has no limit."""

Check = Callable[[], None]
"""Called until the run starts; raises a GradualError if it cannot start, as its local agent processes have ended."""


def run_and_report(
    loaded: LoadedPlan, arguments: RunArguments, options: RunOptions, log_level: str, check: Check = lambda: None
) -> int:
    """Conduct the run, print the results, and return the exit code."""
    configure_logging(log_level, arguments.log_format)
    raise_file_limit(MAX_FILES)
    named, of_plan = arguments.baseline, loaded.plan.config.baseline
    options = replace(options, baseline=baseline_of(named, of_plan, arguments.store, arguments.fail_on))
    reporters = make_reporters(arguments, loaded)
    if options.store is not None:
        reporters.append(StoreReporter(options.store))
    # The live display comes first in the list, so that it is closed before other reporters print: it erases its lines.
    all_reporters = reporters if arguments.quiet else [make_progress(arguments, loaded.schedule), *reporters]
    summary = asyncio.run(watch(loaded, options, all_reporters, check))
    if arguments.json_:
        JsonReporter(STANDARD_OUTPUT).on_test_complete(summary)
    annotate_summary(loaded, summary)
    append_step_summary(summary)
    return summary.run.exit_code


def make_progress(arguments: RunArguments, schedule: Schedule) -> Reporter:
    """The live display: the monitor, or lines of progress."""
    if not arguments.monitor:
        return ProgressReporter(schedule)
    from gradual_master.reporting.monitor.reporter import MonitorReporter  # noqa: PLC0415 - only this display needs it

    return MonitorReporter(schedule)


def make_reporters(arguments: RunArguments, loaded: LoadedPlan) -> list[Reporter]:
    """The reporters of `-o`, and `console` by default; not with `-q`, or if standard output is for JSON."""
    specs = list(arguments.reporter)
    takes_output = arguments.quiet or arguments.json_ or "json=-" in specs
    if not takes_output and "console" not in specs:
        specs.insert(0, "console")
    finder = ReporterFinder(BUILT_IN, loaded.plan.reporters, loaded.folder)
    return [finder.find(spec) for spec in specs]


async def watch(loaded: LoadedPlan, options: RunOptions, reporters: Sequence[Reporter], check: Check) -> Summary:
    """Prepare the reporters and conduct the run; end it if `check` raises before it starts.

    When this returns or raises, also when it is cancelled, the run has ended and the reporters are closed.
    """
    prepare_all(reporters)
    has_begun = asyncio.Event()

    def begin() -> None:
        has_begun.set()
        if options.on_begin is not None:
            options.on_begin()

    run = asyncio.create_task(conduct(loaded, replace(options, on_begin=begin), reporters))
    try:
        # The first step of `conduct` starts the reporters' threads; from then on it also closes them. Let it run that
        # step before anything can cancel it: else prepared reporters would stay open.
        await asyncio.sleep(0)
        while not (await asyncio.wait({run}, timeout=POLL_S))[0]:
            if not has_begun.is_set():
                check()
    finally:
        run.cancel()
        await asyncio.wait({run})
    return run.result()
