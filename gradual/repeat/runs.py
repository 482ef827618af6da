"""Runs a plan as often as asked, one after the other, and keeps what may be compared.

A run that is invalid or was interrupted is said, and its summary is put aside. Ctrl-C drains the run that is going on,
as with `gradual run`, and no other is begun. SIGTERM does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import typer

from gradual.errors import RepeatRefusedError
from gradual.repeat.folder import RunsFolder, read_summary
from gradual.repeat.order import PlannedRun, Side
from gradual.repeat.termination import TerminationInterrupt, raising_at_signals
from gradual_common.errors import GradualError
from gradual_common.process.exit_codes import DONE, INTERRUPTED, TERMINATED
from gradual_common.units import count
from gradual_master.command_line.options import RunArguments
from gradual_master.comparing.reading import JUDGED, SummaryRun, read_run
from gradual_master.reporting.text.formatting import show_number

Perform = Callable[[RunArguments], int]
"""Runs a plan with these arguments; returns the exit code."""


@dataclass(slots=True)
class RunsDone:
    """What came of the runs."""

    sides: dict[Side, list[SummaryRun]] = field(default_factory=lambda: {"baseline": [], "candidate": []})
    put_aside: int = 0
    ended_by: int = DONE
    """The exit code of what ended them early; 0: all were done."""


class RunSeries:
    """The runs, one by one."""

    def __init__(self, folder: RunsFolder, arguments: dict[Side, RunArguments], perform: Perform) -> None:
        self.done = RunsDone()
        self._folder = folder
        self._arguments = arguments
        self._perform = perform

    def run_all(self, planned: Iterable[PlannedRun], total: int) -> RunsDone:
        """Perform them in their order, until one is interrupted or cannot be done.

        GradualError if already the first cannot: then the plan or its options are wrong.
        """
        # Between two runs, and while one starts or ends, a run does not take signals itself.
        with raising_at_signals():
            try:
                for number, run in enumerate(planned, 1):
                    _say(f"run {number} of {total}: {self._folder.file_of(run).stem} begins")
                    self.done.ended_by = self._ending_of(run, is_first=number == 1)
                    if self.done.ended_by:
                        break
            except TerminationInterrupt:
                self.done.ended_by = TERMINATED
            except KeyboardInterrupt:
                self.done.ended_by = INTERRUPTED
        return self.done

    def _ending_of(self, run: PlannedRun, *, is_first: bool) -> int:
        """Perform a run; returns the exit code if none must follow it, else 0."""
        try:
            code = self._run(run)
        except GradualError as error:
            if is_first:
                raise
            _say(f"it could not be done: {error}")
            return error.exit_code
        return code if code in (INTERRUPTED, TERMINATED) else DONE

    def _run(self, run: PlannedRun) -> int:
        file = self._folder.file_of(run)
        arguments = self._arguments[run.side]
        code = self._perform(replace(arguments, reporter=[*arguments.reporter, f"json={file}"]))
        document = read_summary(file)
        if document is None:
            self.done.put_aside += 1
            _say(f"  it wrote no summary, not compared (exit code {code})")
            return code
        found = read_run(document, file.name)
        if found.status in JUDGED:
            self.done.sides[run.side].append(found)
            _say(f"  {found.status}: {_figures(document)}")
        else:
            self.done.put_aside += 1
            _say(f"  {found.status}, not compared: {_why(document)} ({self._put_aside(file)})")
        return code

    def _put_aside(self, file: Path) -> str:
        """Where the summary is now. One that cannot be moved ends nothing: the comparison does not read the folder."""
        try:
            return str(self._folder.put_aside(file))
        except RepeatRefusedError as error:
            return str(error)


def _figures(document: Any) -> str:
    totals = document["totals"]
    p95 = totals["response_time_ms"]["p95"]
    return (
        f"{count(totals['requests'], 'request')}, {show_number(totals['throughput_rps'])}/s, "
        f"p95 {show_number(p95)}{'' if p95 is None else ' ms'}"
    )


def _why(document: Any) -> str:
    return "; ".join(document["verdict"]["reasons"]) or "no reason is given"


def _say(text: str) -> None:
    typer.echo(text, err=True)
