"""The base class of your own reporters, and the types that its methods get."""

from gradual_master.reporting import BaseReporter
from gradual_master.reporting.interface.samples import Request, SampleBlock
from gradual_master.results.facts import RunFacts as Run
from gradual_master.results.measures.intervals import IntervalRecord as Interval
from gradual_master.results.summary.history import News
from gradual_master.results.summary.sections import Summary

__all__ = ["BaseReporter", "Interval", "News", "Request", "Run", "SampleBlock", "Summary"]
