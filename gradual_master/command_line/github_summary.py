"""The summary of a run on the page of a GitHub Actions job: Markdown, appended to the file GITHUB_STEP_SUMMARY."""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from gradual_master.reporting.markdown.reporter import render_markdown
from gradual_master.results.summary.sections import Summary

VARIABLE = "GITHUB_STEP_SUMMARY"

MAX_BYTES = 1024 * 1024
"""GitHub shows nothing of a larger file."""


def append_step_summary(summary: Summary) -> None:
    """Append the page to the file that the variable names; without the variable, nothing.

    A file that cannot be written, or that has no room, is a warning: the results are elsewhere, too.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return
    log = structlog.get_logger("gradual.reporting")
    page = (render_markdown(summary) + "\n").encode("utf-8", "replace")
    try:
        with Path(name).open("ab") as file:
            if file.tell() + len(page) > MAX_BYTES:
                log.warning(f"{VARIABLE} has no room for the summary: GitHub takes at most {MAX_BYTES:,} bytes")
                return
            file.write(page)
    except OSError as error:
        log.warning(f"{VARIABLE}: the summary cannot be appended to {name}: {error.strerror or error}")
