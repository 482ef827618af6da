"""The live terminal screen of `--monitor`.

`state` is fed with intervals and news; `panels` turn it into lines, each by itself; `layout` decides which of them fit;
`screen` shows them; `reporter` ties these together.
"""

from gradual_master.reporting.monitor.reporter import MonitorReporter

__all__ = ["MonitorReporter"]
