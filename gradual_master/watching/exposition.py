"""The value of one metric on an exporter's page (Prometheus' text format, version 0.0.4)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client.parser import text_string_to_metric_families

from gradual_master.errors import WatchError

_SELECTOR = re.compile(r"\s*([A-Za-z_:][\w:]*)\s*(?:\{(.*)\})?\s*", re.DOTALL)
_LABEL = re.compile(r'\s*([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_ESCAPED = {"n": "\n"}


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric's name and labels that a sample must have; it may have others."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=256)
def read_selector(text: str) -> Selector:
    """`name` or `name{label="value",…}`; WatchError for anything else."""
    match = _SELECTOR.fullmatch(text)
    labels, position, inside = [], 0, (match[2] or "") if match else ""
    while match and position < len(inside.rstrip()):
        label = _LABEL.match(inside, position)
        if label is None:
            match = None
            break
        labels.append((label[1], re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), label[2])))
        position = label.end()
    if match is None:
        raise WatchError(f'{text!r} is no metric: write a name, or name{{label="value"}} (equality only)')
    return Selector(match[1], tuple(labels))


def value_on_page(page: str, selector: Selector) -> float:
    """The value of the one sample that is meant; WatchError if there is none, or several, or if it is no number."""
    # Pages have thousands of lines, and the parser is slow: only lines that can be meant are parsed.
    start = re.compile(rf"{re.escape(selector.name)}[ \t{{]")
    lines = "".join(f"{line.lstrip()}\n" for line in page.split("\n") if start.match(line.lstrip()))
    try:
        samples = [sample for family in text_string_to_metric_families(lines) for sample in family.samples]
    except ValueError as error:
        raise WatchError(f"the page is not in Prometheus' text format: {error}") from error
    wanted = [s for s in samples if all(s.labels.get(name, "") == value for name, value in selector.labels)]
    if not wanted:
        among = f"; it has {len(samples)} of this name with other labels" if samples else ""
        raise WatchError(f"the page has no metric {selector.name!r} like this{among}")
    if len(wanted) > 1:
        raise WatchError(_too_many([sample.labels for sample in wanted], selector.name))
    value = float(wanted[0].value)
    if not math.isfinite(value):
        raise WatchError(f"the value of {selector.name!r} is {value}")
    return value


def _too_many(labels: list[dict[str, str]], name: str) -> str:
    differing = sorted({key for each in labels for key in each if len({other.get(key) for other in labels}) > 1})
    if not differing:
        return f"the page repeats a series: it has {len(labels)} of {name!r} with equal labels"
    example = f'{name}{{{differing[0]}="{labels[0].get(differing[0], "")}"}}'
    return (
        f"the page has {len(labels)} series of {name!r}, and a watch is one: choose it by labels, such as {example}; "
        "a sum needs Prometheus"
    )
