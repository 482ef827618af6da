"""The label of response times: under which load they were measured."""

from __future__ import annotations

from gradual_master.analysis.scalability.wording import users_text
from gradual_master.results.summary.closed_model import ClosedModel


def closed_model_label(found: ClosedModel | None) -> str:
    """`closed model: N = 12 users, Z = 500 ms, longest stall 1.2 s`; "" if nothing was measured."""
    if found is None:
        return ""
    users, think, longest = users_text(found.users), show_time(found.think_s), show_time(found.longest_s)
    return f"closed model: N = {users}, Z = {think}, longest stall {longest}"


def show_time(seconds: float) -> str:
    """Three digits: `0`, `4.21 ms`, `1.2 s`, `250 s`."""
    if seconds == 0:
        return "0"
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:,.0f} s"
