"""Embeds bokeh figures and scripts into a page that makes no request.

A report is opened from a disk, a mail or the artifacts of a CI job, often without a network and years later, so that
bokeh's script is in it. What it shows comes from plans and systems under test, which may hold anything.

The page's policy allows no request at all and runs no script but those whose SHA-256 it names (W3C Content Security
Policy Level 3, "script-src"): text from a plan or a system that found a way into the page would still not run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from bokeh.core.json_encoder import serialize_json
from bokeh.document import Document
from bokeh.resources import Resources
from markupsafe import Markup

from gradual_master.reporting.charts.parts import PERCENTILES, Chart, compact
from gradual_master.reporting.text.formatting import show_instant
from gradual_master.results.measures.step_series import StepTable
from gradual_master.results.summary.sections import ActionRow

MAX_STEPS_WITH_LINES = 40
"""Steps that have their own lines in the page, those with the most requests: 6 KB each."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script of the page, and the hash by which the policy allows it."""

    text: Markup
    source: str

    @classmethod
    def of(cls, text: str) -> Script:
        """A script of our own or of bokeh's; ValueError when it would end its element."""
        if "</script" in text.lower() or "<!--" in text:
            raise ValueError("a script that holds its element's end cannot be inlined")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        return cls(Markup(text), f"'sha256-{digest}'")  # noqa: S704 - it is a script, and ends nothing


@cache
def bokeh_script() -> Script:
    """Bokeh without its widgets, tables and WebGL: 1.3 MB, which no chart of ours can do without."""
    return Script.of(Resources(mode="inline", components=["bokeh"]).js_raw[0])


@cache
def package_text(name: str) -> str:
    """A file beside this one."""
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def charts_json(charts: Sequence[Chart]) -> Markup:
    """One document with all figures as roots: `{"document": …, "roots": {id of the model: id of the element}}`.

    As JSON in a script element that does not run; a `<` in it is written as JSON's escape, so that nothing ends it.
    """
    # All figures are in one document, for they share the model of the time axis, and a model belongs to one document.
    # Data and script are apart: the policy names scripts by their hash, and a script with the run's numbers in it would
    # be another one in every report. A data block (`type="application/json"`) is never run, and needs no hash.
    document = Document()
    with document.models.freeze():  # or every root would have all models counted again
        for chart in charts:
            document.add_root(chart.figure)
    roots = {chart.figure.id: f"chart-{chart.name}" for chart in charts}
    return as_json({"document": document.to_json(deferred=False), "roots": roots})


def as_json(document: Mapping[str, Any]) -> Markup:
    """A document of numbers, texts and bokeh's own values, for a script element."""
    return Markup(serialize_json(document).replace("<", "\\u003c"))  # noqa: S704 - without a `<` it is text to any HTML parser


def steps_document(actions: Sequence[ActionRow], table: StepTable | None) -> dict[str, Any] | None:
    """`at`, `when`, and by the number of a row of `actions` its columns; float32, little-endian, in base64."""
    if table is None or not len(table):
        return None
    busiest = sorted(range(len(actions)), key=lambda row: -actions[row].requests)[:MAX_STEPS_WITH_LINES]
    begin_s = table.begin_s
    return {
        "at": _encoded((begin_s + table.end_s) / 2),
        "when": [show_instant(at) for at in begin_s.tolist()],
        "steps": {str(row): _columns(table, row) for row in sorted(busiest) if actions[row].requests},
    }


def _columns(table: StepTable, step: int) -> dict[str, str]:
    rates = table.rates(step)
    percentiles = {name: _encoded(table.quantile_ms(step, q)) for q, name in PERCENTILES}
    return {"ok": _encoded(rates[:, 0]), "failed": _encoded(rates[:, 1]), **percentiles}


def _encoded(values: Any) -> str:
    return base64.b64encode(compact(values).astype(np.dtype("<f4")).tobytes()).decode()
