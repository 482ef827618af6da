"""What the page's filter by action needs of each step over time, as one small document of numbers."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradual_master.reporting.charts.parts import PERCENTILES, compact
from gradual_master.reporting.text.formatting import show_instant
from gradual_master.results.measures.step_series import StepTable
from gradual_master.results.summary.sections import ActionRow

MOST_STEPS = 40
"""Steps that have their own lines in the page, those with the most requests: 6 KB each."""


def steps_document(actions: Sequence[ActionRow], table: StepTable | None) -> dict[str, Any] | None:
    """`at`, `when`, and by the number of a row of `actions` its columns; float32, little-endian, in base64."""
    if table is None or not len(table):
        return None
    busiest = sorted(range(len(actions)), key=lambda place: -actions[place].requests)[:MOST_STEPS]
    begin_s = table.begin_s
    return {
        "at": _encoded((begin_s + table.end_s) / 2),
        "when": [show_instant(at) for at in begin_s.tolist()],
        "steps": {str(place): _columns(table, place) for place in sorted(busiest) if actions[place].requests},
    }


def _columns(table: StepTable, step: int) -> dict[str, str]:
    rates = table.rates(step)
    percentiles = {name: _encoded(table.quantile_ms(step, q)) for q, name in PERCENTILES}
    return {"ok": _encoded(rates[:, 0]), "failed": _encoded(rates[:, 1]), **percentiles}


def _encoded(values: Any) -> str:
    return base64.b64encode(compact(values).astype(np.dtype("<f4")).tobytes()).decode()
