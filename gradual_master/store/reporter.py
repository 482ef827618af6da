"""Writes a run into the store at its end: a reporter, in whose thread the database library is loaded.

It is the last of the reporters that write files, so that the stored verdict says which of their reports are missing.
"""

from __future__ import annotations

from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.results.summary.sections import Summary
from gradual_master.store.location import StoreLocation


class StoreReporter(Reporter):
    """Adds the run to a store, in one transaction."""

    def __init__(self, location: StoreLocation) -> None:
        super().__init__()
        self._location = location
        self.is_required = location.is_asked_for

    def on_test_complete(self, summary: Summary) -> None:
        """Write the run; StoreError if the store cannot be opened or written."""
        from gradual_master.store.opening import open_store  # noqa: PLC0415 - a run's start must not wait for it
        from gradual_master.store.runs import add_run  # noqa: PLC0415 - as above

        database = open_store(self._location.path, creates=True)
        with database.writing() as connection:
            add_run(connection, summary, None if summary.history is None else summary.history.plan)
