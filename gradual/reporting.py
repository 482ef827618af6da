"""What a reporter of your own is derived from."""

from gradual_master.reporting.base import BaseReporter

__all__ = ["BaseReporter"]
