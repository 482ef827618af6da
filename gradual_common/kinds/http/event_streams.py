"""`sse:` as it is written: how long an event stream is read (Server-Sent Events: WHATWG HTML, 9.2), and its metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from gradual_common.errors import TemplateError
from gradual_common.kinds.failure import WITHIN, FailureKind
from gradual_common.language.document import EACH, Document, mapping_at, places
from gradual_common.language.model import Model, PositiveCount, PositiveDuration
from gradual_common.language.plan_view import PlanView
from gradual_common.language.wording import listed, nearest
from gradual_common.templates.templates import Condition
from gradual_common.templates.trees import attributes_of

EVENT = "event"
"""What a condition reads of the event that has come."""

ATTRIBUTES = ("count", "data", "id", "json", "type")

SSE = FailureKind(
    "sse",
    "event stream not as expected",
    pattern=(WITHIN, "event stream not done after {}"),
    causes=(
        ("stream ended", "event stream ended early"),
        ("not an event stream", "no event stream"),
        ("none of", "event not among those read"),
    ),
)


class EventStream(Model):
    """How long an event stream is read; without any key, to its end."""

    until: Annotated[str, Field(min_length=1)] | None = None
    """A condition on each event: event.data, event.json, event.type, event.id, event.count."""

    max_events: PositiveCount | None = None
    """So many events are read; with until, at most so many."""

    within: PositiveDuration | None = None
    """The limit of the whole action; without until and max_events, how long the stream is read. Default: timeout."""


class StreamMetrics(NamedTuple):
    """The names of an action's metrics."""

    first_event: str
    """From the request to the first event."""
    event_gap: str
    """From one event to the next."""
    events: str
    """Events of each stream."""


def metrics_of(action: str) -> StreamMetrics:
    """The metrics of an action."""
    return StreamMetrics(f"{action}_first_event", f"{action}_event_gap", f"{action}_events")


def put_metrics_in(document: Document) -> None:
    """Write the metrics of each event stream into its action's `record`."""
    # What a plan records is known from the plan alone, to agents and master alike, so these are in it, too.
    for (_, action, _), stream in list(places(document.root, "actions", EACH, "sse")):
        written = document.root["actions"][action]
        record = written.get("record", {})
        if not isinstance(stream, dict) or not isinstance(record, dict):
            continue  # It is reported as what it is.
        written["record"] = record = {**record}  # An anchor may share it with other actions.
        metrics = metrics_of(str(action))
        for name in metrics:
            settings = {"unit": "events", "resolution": 1.0} if name == metrics.events else {"unit": "ms"}
            if name in record:
                document.report(("actions", action, "record", name), "the event stream records this metric itself")
            else:
                record[name] = {"source": "", "expression": "", **settings}


def check_event_streams(view: PlanView) -> None:
    """Report settings beside `sse` that it leaves no meaning, and conditions that can never hold."""
    for name, action in view.actions_of("http").items():
        if action.get("sse") is None:
            continue
        written, path = mapping_at(action, "sse"), ("actions", name)
        if written.get("within") is not None and "timeout" in action:
            message = "sse.within is the limit of the whole action; leave one of them out"
            view.document.report((*path, "timeout"), message)
        if str(action.get("method", "")).upper() == "HEAD":
            view.document.report((*path, "method"), "the response to HEAD has no events")
        if action.get("graphql") is not None:
            view.document.report((*path, "sse"), "graphql and sse cannot be used together; keep one of them")
        for message, hint in _mistakes_in(written.get("until")):
            view.document.report((*path, "sse", "until"), message, hint)


def _mistakes_in(until: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(until, str) or not until:
        return
    try:
        condition = Condition(until)
        read = attributes_of(until, EVENT, condition=True)
    except TemplateError:
        return  # It is reported with the templates.
    if EVENT not in condition.names:
        yield f"{until!r} does not read event, so no event changes it", f"read one of {listed(_shown(ATTRIBUTES))}"
    for attribute in sorted(read.difference(ATTRIBUTES)):
        hint = nearest(attribute, ATTRIBUTES) or f"there are: {listed(ATTRIBUTES)}"
        yield f"{until!r}: event has no {attribute!r}", hint


def _shown(attributes: tuple[str, ...]) -> list[str]:
    return [f"{EVENT}.{attribute}" for attribute in attributes]
