"""What a reporter of your own is derived from, and what its methods are given."""

from gradual_master.reporting import BaseReporter
from gradual_master.reporting.interface.samples import Request, SampleBlock
from gradual_master.results.facts import RunFacts as Run
from gradual_master.results.measures.intervals import IntervalRecord as Interval
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary

__all__ = ["BaseReporter", "Interval", "News", "Request", "Run", "SampleBlock", "Summary"]
