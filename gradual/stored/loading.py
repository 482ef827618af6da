"""The runs that a user names, with their summaries: stored ones, and those in files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from gradual_common.plan.model.baselines import names_a_file
from gradual_master.results.summary.reading import read_summary
from gradual_master.results.summary.sections import Summary
from gradual_master.store.importing import read_summary_file
from gradual_master.store.runs import add_run, find_run, load_summary


def load_run(connection: Connection, named: str) -> Summary:
    """The summary of a stored run, by its id, the beginning of it, or `last`."""
    return read_summary(load_summary(connection, find_run(connection, named).id))


def take_runs(connection: Connection, named: Sequence[str]) -> list[Summary]:
    """The summaries of runs, each a file or a stored run. Those of files are put into the store."""
    found = []
    for word in named:
        if names_a_file(word):
            summary = read_summary_file(Path(word))
            add_run(connection, summary)
        else:
            summary = load_run(connection, word)
        found.append(summary)
    return found
