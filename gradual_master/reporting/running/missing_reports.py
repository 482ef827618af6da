"""A report that was asked for and could not be written: a warning in the verdict, and exit code 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradual_common.process.exit_codes import of_lost_results
from gradual_master.results.summary.sections import Summary


def describe_loss(reporter: str, error: OSError) -> str:
    """Which report is missing, and why."""
    place = f" {error.filename}" if isinstance(error.filename, str) else ""
    return f"a report is missing: {reporter} could not write{place}: {error.strerror or error}"


def with_losses(summary: Summary, losses: Sequence[str]) -> Summary:
    """The same, with a warning for each missing report, and exit code 3: a pipeline that goes on without it must know.

    What was measured is judged as before.
    """
    if not losses:
        return summary
    verdict, run = summary.verdict, summary.run
    code = of_lost_results(verdict.code)
    return replace(
        summary,
        verdict=replace(verdict, code=code, warnings=(*verdict.warnings, *losses)),
        run=replace(run, exit_code=code),
    )
