"""The figures of a fitted scalability law, for a reader who wants more than its sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gradual_master.analysis.scalability.result import Estimate, Scalability
from gradual_master.analysis.scalability.wording import number_text, percent_text, rate_text

PEAKS = {
    "measured": "within the measured users",
    "below": "at the smallest level or below it: extrapolated",
    "uncertain": "it is not certain that it was reached",
    "beyond": "beyond the measured users: extrapolated",
    "none": "beyond the measured users: extrapolated",
}
LAWS = {"usl": "Universal Scalability Law", "amdahl": "Amdahl's law (β = 0)", "linear": "linear (α = β = 0)"}


@dataclass(frozen=True, slots=True)
class ScalabilityFigure:
    """One row: what it is, its value, and its 95 % interval or a remark, "" without one."""

    name: str
    value: str
    note: str = ""


def scalability_figures(found: Scalability) -> tuple[ScalabilityFigure, ...]:
    """The rows of a fit; none if nothing was fitted."""
    return tuple(_figures(found)) if found.reason is None else ()


def _figures(found: Scalability) -> Iterator[ScalabilityFigure]:
    estimates: tuple[tuple[str, Estimate | None, Callable[[float], str]], ...] = (
        ("Throughput of one user (γ)", found.gamma, rate_text),
        ("Serialised share (α)", found.alpha, _share_text),
        ("Cost of consistency for a pair (β)", found.beta, number_text),
        ("Peak, users", found.n_peak, number_text),
        ("Throughput at the peak", found.x_peak, rate_text),
    )
    for name, estimate, show in estimates:
        if estimate is not None:
            yield ScalabilityFigure(name, show(estimate.value), _interval(estimate, show))
    if found.n_peak is not None and found.peak is not None:
        yield ScalabilityFigure("The peak is", PEAKS[found.peak])
    if found.bounds is not None and found.bounds.n_star is not None:
        is_beyond = found.users_max is not None and found.bounds.n_star > found.users_max
        note = "beyond the measured users" if is_beyond else ""
        yield ScalabilityFigure("Users from which on requests queue (N*)", number_text(found.bounds.n_star), note)
    if found.model is not None:
        yield ScalabilityFigure("Simplest law that describes it (AICc)", LAWS[found.model])
    if found.r_squared is not None:
        yield ScalabilityFigure("R²", f"{found.r_squared:.3f}")


def _share_text(share: float) -> str:
    return f"{percent_text(share)} %"


def _interval(estimate: Estimate, show: Callable[[float], str]) -> str:
    """`2.3 % to 3.3 %`; a side that the data leave open is said."""
    if estimate.low is None and estimate.high is None:
        return "no interval"
    if estimate.high is None:
        return f"{show(estimate.low or 0.0)} or more"
    return f"{show(estimate.low or 0.0)} to {show(estimate.high)}"
