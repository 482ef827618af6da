"""The store of a command, and the runs that a user names in it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from gradual_common.plan.model.baselines import names_a_file
from gradual_master.errors import StoreInputError
from gradual_master.results.summary.reading import read_summary
from gradual_master.results.summary.sections import Summary
from gradual_master.store.importing import read_summary_file
from gradual_master.store.location import NONE, OPTION, VARIABLE, locate_store
from gradual_master.store.opening import StoreDatabase, open_store
from gradual_master.store.runs import add_run, find_run, load_summary


def open_for(option: str | None, *, creates: bool = False) -> StoreDatabase:
    """Open the store that `--store` or the environment names, by default the user's; StoreInputError for `none`."""
    location = locate_store(option, os.environ, by_default=True)
    if location is None:
        source = OPTION if option is not None else VARIABLE
        raise StoreInputError(f"{source} is {NONE}: name the store that has the runs")
    return open_store(location.path, creates=creates)


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
