"""A section as one flat row: what a data frame or a spreadsheet takes as it is.

Only texts, numbers, flags and None. A distribution becomes a column per statistic (`response_time_ms` →
`response_time_p95_ms`), counts by name one text (`timeout=1;status=2`), a list of names likewise (`failures;missing`);
what is a document of its own (a histogram, the assertions of a step) has no place in a cell and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.summary.section import Section

Cell = str | int | float | bool | None


def flat_row(section: Section) -> dict[str, Cell]:
    """The section's fields, in their order."""
    return {name: cell for key in section.keys() for name, cell in _cells(key, section[key])}  # noqa: SIM118 - no mapping


def _cells(key: str, value: Any) -> Iterator[tuple[str, Cell]]:
    if isinstance(value, Distribution):
        yield from _statistics(key.removesuffix("_ms"), value)
    elif value is None or isinstance(value, str | int | float):
        yield key, value
    elif isinstance(value, tuple) and all(isinstance(entry, str) for entry in value):
        yield key, ";".join(value)
    elif isinstance(value, dict) and all(isinstance(count, int) for count in value.values()):
        yield key, ";".join(f"{name}={count}" for name, count in value.items())


def _statistics(name: str, times: Distribution) -> Iterator[tuple[str, Cell]]:
    for statistic in times.keys():  # noqa: SIM118 - a section is no mapping
        yield (f"{name}_count" if statistic == "count" else f"{name}_{statistic}_ms"), times[statistic]
