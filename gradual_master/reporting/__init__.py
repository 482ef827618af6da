"""The reporters that come with Gradual, and how `-o NAME[=ARG]` finds one."""

from __future__ import annotations

from gradual_master.errors import ReporterError
from gradual_master.reporting.base import BaseReporter, Reporter
from gradual_master.reporting.console import ConsoleReporter
from gradual_master.reporting.jsonfile import JsonReporter
from gradual_master.reporting.progress import ProgressReporter

__all__ = ["BaseReporter", "ConsoleReporter", "JsonReporter", "ProgressReporter", "Reporter", "create_reporter"]

BUILT_IN: dict[str, type[BaseReporter]] = {"console": ConsoleReporter, "json": JsonReporter}


def create_reporter(spec: str) -> BaseReporter:
    """The reporter that `NAME` or `NAME=ARG` asks for; ReporterError for one that is not there."""
    name, equals, arg = spec.partition("=")
    if name not in BUILT_IN:
        raise ReporterError(f"there is no reporter {name!r}; built in are console and json=PATH")
    return BUILT_IN[name](arg if equals else None)
