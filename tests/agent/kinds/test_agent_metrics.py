"""Metrics are recorded of successes only; a required one that is missing fails the action before anything counts."""

from typing import Any

import pytest

from gradual_agent.kinds.extraction import Extractor
from gradual_agent.kinds.metrics import extractor_of
from gradual_agent.runtime.sample import Sample
from gradual_common.kinds.content import Content, PlainResponse
from gradual_common.kinds.failures import KIND, KINDS
from gradual_common.kinds.http.kind import HttpActionSpec

BODY = b'{"total": "12.50", "items": 3, "name": "x"}'


def recorded(record: dict[str, Any], kind: int = 0, **more: Any) -> tuple[Sample, list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def note(name: str, value: Any) -> bool:
        found.append((name, value))
        return value is not None

    spec = HttpActionSpec.model_validate({"url": "/", "record": record, **more})
    extractor, sample = extractor_of(spec, note), Sample()
    sample.kind = kind
    extractor.extract(sample, Content(PlainResponse(BODY)), {}.get, {"factor": 2})
    return sample, found


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("json: total", 12.5),
        ("json: name", None),
        ("json: nothing", None),
        ("json: length(items)", None),
        ('regex: "items": (\\d+)', 3),
        ({"type": "counter"}, 1),
        ({"value": "{{ factor * 3 }}"}, 6),
        ({"value": "{{ nothing }}"}, None),
        ({"value": 4}, 4),
    ],
)
def test_a_value_is_recorded_or_missing(metric: Any, value: float | None) -> None:
    sample, found = recorded({"m": metric})
    assert (sample.kind, found) == (0, [("m", value)])


def test_a_value_may_be_made_of_what_the_action_extracts() -> None:
    _, found = recorded({"m": {"value": "{{ n * factor }}"}}, extract={"n": "json: items"})
    assert found == [("m", 6)]


def test_a_failure_records_nothing() -> None:
    assert recorded({"m": {"type": "counter"}}, KIND["status"])[1] == []


def test_a_required_value_that_is_missing_fails_the_action() -> None:
    sample, found = recorded({"good": "json: items", "bad": {"json": "nothing", "required": True}})
    assert (KINDS[sample.kind], found) == ("extract", [])
    assert sample.explain(str) == "'bad' was not found in the response (json: nothing)"


def test_what_its_metrics_read_is_kept_of_a_response() -> None:
    for metric, kept in (
        ("json: a", (False, True)),
        ("header: X", (True, False)),
        ({"type": "counter"}, (False, False)),
    ):
        spec = HttpActionSpec.model_validate({"url": "/", "record": {"m": metric}})
        extractor = extractor_of(spec, lambda name, value: True)
        assert (extractor.wants_headers, extractor.wants_body) == kept
        assert len(extractor) == 1


def test_an_action_without_metrics_has_a_plain_extractor() -> None:
    assert type(extractor_of(HttpActionSpec(url="/"), lambda name, value: True)) is Extractor
