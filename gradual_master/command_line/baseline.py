"""The baseline of a run: from `--baseline` or the plan's `config.baseline` to the runs that it stands for.

What the command line names must be there before any load is sent. What the plan names may be absent: the first runs of
a plan have nothing that they could be compared with.
"""

# ruff: noqa: PLC0415 - the database library is loaded only for a baseline of the store
from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gradual_common.plan.model.baselines import NONE, names_a_file
from gradual_common.process.exit_codes import FailOn
from gradual_common.secrecy.quoting import quoted
from gradual_master.comparing.against import Baseline
from gradual_master.comparing.reading import read_run
from gradual_master.errors import StoreError, StoreInputError
from gradual_master.store.location import locate_store


def baseline_of(words: Sequence[str], of_plan: str | None, store: str | None, fail_on: FailOn) -> Baseline | None:
    """The baseline of a run; None without one.

    `words`: of `--baseline`, which go before `of_plan`, the name in the plan. `store`: as `--store` names it. Raises
    StoreInputError, StoreError or SummaryRefusedError for what `words` name.
    """
    if not words:
        return None if of_plan is None else _baseline_of_plan(of_plan, store, fail_on)
    if list(words) == [NONE]:
        return None
    files = [word for word in words if names_a_file(word)]
    if len(words) > 1 and len(files) < len(words):
        raise StoreInputError(f"--baseline {quoted(' '.join(words))}: give one name, or only files (./FILE, FILE.json)")
    return _baseline_of_files(files, fail_on) if files else _stored_baseline(words[0], store, fail_on)


def _baseline_of_files(files: Sequence[str], fail_on: FailOn) -> Baseline:
    from gradual_master.store.importing import read_summary_file

    runs = tuple(read_run(read_summary_file(Path(file)).to_dict()) for file in files)
    return Baseline(", ".join(Path(file).name for file in files), runs, fail_on=fail_on)


def _baseline_of_plan(name: str, store: str | None, fail_on: FailOn) -> Baseline:
    try:
        return _stored_baseline(name, store, fail_on)
    except (StoreError, StoreInputError) as error:
        return Baseline(name, (), problem=f"{error}.", fail_on=fail_on)


def _stored_baseline(name: str, store: str | None, fail_on: FailOn) -> Baseline:
    location = locate_store(store, os.environ, by_default=True)
    if location is None:
        raise StoreInputError(f"the baseline {quoted(name)} is in a store, and the run has none (--store)")
    from gradual_master.store.baselines import find_baseline
    from gradual_master.store.opening import open_store
    from gradual_master.store.runs import load_summary

    with open_store(location.path).reading() as connection:
        found = find_baseline(connection, name)
        runs = tuple(read_run(load_summary(connection, run.id)) for run in found.runs)
    return Baseline(name, runs, found.variations, fail_on=fail_on)
