"""The result in sentences: only what the data carry.

"Bends" is N* = (D + Z)/Dmax of the asymptotic bounds, not 1/α. 1/α is where the line γN meets the asymptote γ/α, which
no system with β > 0 comes near: with a small α it lies beyond the peak. N* is made of the time of one user and of the
largest throughput, both measured, and is not named unless the system was saturated.

What is not certain is not said: a serialised share only if its interval excludes 0, a peak only as `peak` has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradual_master.analysis.scalability.result import SUPERLINEAR, AsymptoticBounds, Estimate, Scalability

NEAR_SMALLEST = 1.1
"""N* within this factor of the smallest level may as well lie below it, where nothing was measured."""

GOOD_FIT = 0.9
"""R² below it is said."""


def scalability_sentences(found: Scalability) -> tuple[str, ...]:
    """One to four sentences; why there is no result, if there is none."""
    if found.reason is not None:
        return (f"Scalability was not analysed: {found.reason}.",)
    return tuple(_sentences(found))


def _sentences(found: Scalability) -> Iterator[str]:
    if not _is_described(found):
        yield f"The law does not describe these levels (R² = {found.r_squared:.2f}): it shows no bend, and no peak."
        yield from (note for note in found.notes if note == SUPERLINEAR)
        return
    bend = _bend(found)
    share = _serialised(found.alpha)
    if bend and share:
        yield f"{bend}: {share}."
    elif bend or share:
        yield f"{bend or share}."
    elif found.model == "linear" and _fits_well(found) and found.gamma is not None and found.gamma.low is not None:
        yield f"Throughput grows in proportion to the users: {rate_text(found.gamma.value)} for each."
    yield _peak(found)
    if not _fits_well(found):
        yield f"The law fits badly (R² = {found.r_squared:.2f}): take its numbers with care."


def _is_described(found: Scalability) -> bool:
    """Whether the law says anything of the levels: one that fits badly does, if its values have intervals."""
    return _fits_well(found) or (found.beta is not None and found.beta.low is not None)


def _fits_well(found: Scalability) -> bool:
    return found.r_squared is None or found.r_squared >= GOOD_FIT


def _bend(found: Scalability) -> str | None:
    """Where throughput bends; nothing if N* contradicts the measured users, or the peak."""
    bounds: AsymptoticBounds | None = found.bounds
    if bounds is None or bounds.n_star is None or found.users_min is None:
        return None
    if bounds.n_star <= found.users_min * NEAR_SMALLEST:
        return f"Throughput bends at {users_text(found.users_min)}, the smallest level, or below"
    if bounds.n_star > _last_bend(found):
        return None
    return f"Throughput bends at about {users_text(bounds.n_star)}"


def _last_bend(found: Scalability) -> float:
    """The most users at which throughput may bend: before it falls, and where it was measured."""
    if found.peak == "below":
        return found.users_min or 0.0
    if found.peak == "measured" and found.n_peak is not None:
        return found.n_peak.value
    return found.users_max or 0.0


def _serialised(alpha: Estimate | None) -> str | None:
    if alpha is None or not alpha.low or alpha.high is None:
        return None
    return (
        f"{percent_text(alpha.value)} % of the work is serialised "
        f"(95 % interval: {percent_text(alpha.low)} to {percent_text(alpha.high)} %)"
    )


def _peak(found: Scalability) -> str:
    peak, top = found.n_peak, found.x_peak
    largest = users_text(found.users_max or 0.0)
    if peak is None or top is None or found.peak == "none":
        return f"The peak was not reached up to {largest}."
    if found.peak == "measured":
        most = f"throughput is largest there, {rate_text(top.value)}"
        return f"Beyond about {_with_interval(peak)}, more users mean less throughput; {most}."
    if found.peak == "below":
        return f"Throughput falls from the smallest level on ({users_text(found.users_min or 0.0)})."
    if found.peak == "beyond":
        where = f"the fit puts it at about {_with_interval(peak)}"
        return f"The peak was not reached: {where}, but no more than {largest} were measured."
    return (
        f"It is not certain that the peak was reached: the fit puts it at about {_with_interval(peak)}, "
        f"and {number_text(found.users_min or 0.0)} to {largest} were measured."
    )


def _with_interval(peak: Estimate) -> str:
    text = users_text(peak.value)
    if peak.low is None:
        return text
    if peak.high is None:
        return f"{text} (95 % interval: {number_text(peak.low)} or more)"
    return f"{text} (95 % interval: {number_text(peak.low)} to {number_text(peak.high)})"


def users_text(users: float) -> str:
    """`120 users`, `1 user`, `7.4 users`."""
    text = number_text(users)
    return f"{text} user" if text == "1" else f"{text} users"


def rate_text(rate: float) -> str:
    """`1,880/s`: three digits."""
    return f"{number_text(float(f'{rate:.3g}'))}/s"


def percent_text(share: float) -> str:
    """A share as percent, two digits: `2.8`, `0.013`, `12`; without an exponent."""
    return number_text(float(f"{100.0 * share:.2g}"))


def number_text(value: float) -> str:
    """Whole from 10 on, else two digits; without an exponent."""
    if value >= 10.0:
        return f"{value:,.0f}"
    return f"{float(f'{value:.2g}'):.10f}".rstrip("0").rstrip(".")
