"""What Prometheus answers to a range query (its HTTP API, "Range queries")."""

from __future__ import annotations

import math
from typing import Any

import orjson

from gradual_common.clock import NS_PER_MS
from gradual_master.errors import WatchError

MAX_COMPARED = 100
"""Series whose labels are compared to name one that differs: enough for an example, of perhaps 10,000."""

MAX_SAID = 10_000
"""Characters of what a server said. It is cut for display only after secrets are masked: half a secret is not found."""


def read_range(body: bytes) -> tuple[tuple[int, float], ...]:
    """(Unix time in ns, value) of the one series in an answer; a value that is no number is left out.

    WatchError if the server reports an error, if the result is not at most one series, or if no value is a number.
    """
    try:
        answer: Any = orjson.loads(body)
        if answer["status"] != "success":
            raise WatchError(f"Prometheus says: {str(answer.get('error', 'an error'))[:MAX_SAID]}")
        result = answer["data"]["result"]
        if len(result) > 1:
            raise WatchError(_too_many([series["metric"] for series in result[:MAX_COMPARED]], len(result)))
        pairs = [(round(at * 1000) * NS_PER_MS, float(value)) for at, value in result[0]["values"]] if result else []
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise WatchError("the answer is not one of Prometheus' HTTP API; is the address right?") from error
    numbers = tuple((at, value) for at, value in pairs if math.isfinite(value))
    if pairs and not numbers:
        raise WatchError(f"the value of the query is {pairs[-1][1]}, which is no number (0/0 is NaN)")
    return numbers


def _too_many(series: list[dict[str, str]], number: int) -> str:
    """What would make it one series: an aggregation, or the labels that differ."""
    names = sorted({name for labels in series for name in labels})
    differing = [name for name in names if len({labels.get(name) for labels in series}) > 1]
    example = f'{differing[0]}="{series[0].get(differing[0], "")}"' if differing else ""
    return f"the query gives {number} series, and a watch is one: write sum(…) or avg(…) around it" + (
        f", or choose one by a label, such as {{{example}}}" if example else ""
    )
