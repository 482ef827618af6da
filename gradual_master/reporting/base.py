"""What a reporter is told, and when."""

from __future__ import annotations

from typing import Protocol

from gradual_master.results.chronicle import News
from gradual_master.results.facts import RunFacts
from gradual_master.results.intervals import IntervalRecord
from gradual_master.results.summary_sections import Summary


class Reporter(Protocol):
    """Anything that follows a run. Whatever it raises is logged; the run and the other reporters go on."""

    def prepare(self) -> None:
        """Called before any load is sent; a ReporterError ends the command here."""

    def on_test_start(self, run: RunFacts) -> None:
        """The schedule is about to begin."""

    def on_interval(self, interval: IntervalRecord) -> None:
        """An interval is closed; they come in order."""

    def on_news(self, news: News) -> None:
        """Something happened to the fleet while the schedule ran."""

    def on_test_complete(self, summary: Summary) -> None:
        """The run is over and judged."""


class BaseReporter:
    """Derive a reporter from this class and override what it is to follow. `arg` is ARG of `-o NAME=ARG`.

    A derived class need not call `super().__init__`.
    """

    arg: str | None = None

    def __init__(self, arg: str | None = None) -> None:
        self.arg = arg

    def prepare(self) -> None:
        """Called before any load is sent: say here what would make reporting fail, as ReporterError."""

    def on_test_start(self, run: RunFacts) -> None:
        """The schedule is about to begin."""

    def on_interval(self, interval: IntervalRecord) -> None:
        """An interval is closed; they come in order."""

    def on_news(self, news: News) -> None:
        """Something happened to the fleet while the schedule ran."""

    def on_test_complete(self, summary: Summary) -> None:
        """The run is over and judged."""
