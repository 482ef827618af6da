"""Runs that come from files: summaries that `-o json=FILE` or `gradual export` wrote."""

from __future__ import annotations

from pathlib import Path

from gradual_master.errors import StoreInputError, SummaryRefusedError
from gradual_master.results.json_files import read_json
from gradual_master.results.summary.reading import read_summary
from gradual_master.results.summary.sections import Summary
from gradual_master.store.opening import open_store
from gradual_master.store.runs import add_run


def read_summary_file(path: Path) -> Summary:
    """The summary in a JSON file; StoreInputError or SummaryRefusedError names the file and the reason."""
    try:
        document = read_json(path)
    except OSError as error:
        raise StoreInputError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        return read_summary(document)
    except SummaryRefusedError as error:
        raise SummaryRefusedError(f"{path}: {error}") from error


def import_file(store: Path, path: Path) -> str:
    """Put the run of a file into a store, which is made if it is not there; its id. One that is there stays."""
    summary = read_summary_file(path)
    with open_store(store, creates=True).writing() as connection:
        add_run(connection, summary)
    return summary.run.id
