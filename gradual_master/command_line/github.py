"""Mistakes and verdicts as annotations of GitHub Actions, beside the normal text.

GitHub reads workflow commands from both standard streams (`::error file=plan.yaml,line=3::text`). They go to standard
error, so that standard output stays the results alone. Format and escapes: actions/toolkit, `core/src/command.ts`.
"""

# ruff: noqa: PLC0415 - `--help` loads nothing heavy
from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Literal

import typer

from gradual_common.errors import PlanError, Problem

if TYPE_CHECKING:  # heavy: not before a plan is read
    from gradual_common.plan.loader import LoadedPlan
    from gradual_master.results.summary.sections import Summary

Level = Literal["error", "warning"]


def is_on_github(environ: Mapping[str, str]) -> bool:
    """Whether a runner of GitHub Actions reads the output."""
    return environ.get("GITHUB_ACTIONS") == "true"


def annotate_mistakes(error: PlanError) -> None:
    """An annotation for each mistake of a plan; nothing outside of GitHub Actions."""
    if is_on_github(os.environ):
        _write(annotation("error", _text_of(problem), problem.file, problem.line) for problem in error.problems)


def annotate_summary(loaded: LoadedPlan, summary: Summary) -> None:
    """Annotations for objectives, reasons and warnings of a run; nothing outside of GitHub Actions."""
    if is_on_github(os.environ):
        _write(_of_summary(loaded, summary))


def annotation(level: Level, message: str, file: str = "", line: int | None = None) -> str:
    """One workflow command; secrets are masked before it is escaped. A name that is no file stays in the text."""
    from gradual_common.process.logs import hide_secrets

    if file and (shown := shown_path(file)) is not None:
        place = f"file={_escape_property(hide_secrets(shown))}" + (f",line={line}" if line is not None else "")
        return f"::{level} {place}::{_escape(hide_secrets(message))}"
    return f"::{level}::{_escape(hide_secrets(f'{file}: {message}' if file else message))}"


@contextmanager
def commands_off(write: Callable[[str], None]) -> Iterator[None]:
    """Within the block the runner takes no line for a command: a response that is shown may contain one.

    `write` prints a line. Outside of GitHub Actions nothing is printed.
    """
    if not is_on_github(os.environ):
        yield
        return
    # Nobody else knows the word that ends it (actions/runner, `stop-commands`).
    word = token_hex(16)
    write(f"::stop-commands::{word}")
    try:
        yield
    finally:
        write(f"::{word}::")


def shown_path(file: str) -> str | None:
    """The path of a file from the repository's root (GITHUB_WORKSPACE), as GitHub finds it; None if it is no file."""
    path = Path(file)
    if not path.is_file():
        return None
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    absolute = path.resolve()
    return str(absolute.relative_to(workspace) if absolute.is_relative_to(workspace) else absolute)


def _of_summary(loaded: LoadedPlan, summary: Summary) -> Iterator[str]:
    from gradual_common.plan.model.series import SeriesIndex
    from gradual_master.results.judging.objectives.of_plan import thresholds_by_name

    plan, verdict = loaded.display_plan, summary.verdict
    numbers = thresholds_by_name(plan, SeriesIndex.of(plan), loaded.schedule)
    said = set[str]()
    for row in verdict.objectives:
        if row.passed is not False:
            continue
        number = numbers.get(row.name)
        line = None if number is None else loaded.threshold_lines[number]
        message = row.reason or row.name
        said.add(message)
        # An objective that is in force without being written (`error_rate < 100%`) is about the file as a whole.
        yield annotation("error" if row.severity == "fail" else "warning", message, loaded.name, line)
    for level, messages in (("error", verdict.reasons), ("warning", verdict.warnings)):
        for message in messages:
            if message not in said:
                yield annotation("error" if level == "error" else "warning", message, loaded.name)


def _text_of(problem: Problem) -> str:
    text = f"{problem.path}: {problem.message}" if problem.path else problem.message
    return f"{text} ({problem.hint})" if problem.hint else text


def _write(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(line, err=True)


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
