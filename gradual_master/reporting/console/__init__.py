"""The summary as text: what was measured first, the verdict last, where the eye is when a command has ended.

`tables` hold what the run did (levels, actions, failures, agents), `result` its totals, its verdict and what was
written; `reporter` puts them in their order.
"""

from gradual_master.reporting.console.reporter import ConsoleReporter, render_summary, render_text

__all__ = ["ConsoleReporter", "render_summary", "render_text"]
