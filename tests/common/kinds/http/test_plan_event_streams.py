"""Event streams in a plan: mistakes have their place, and the metrics are in the plan."""

from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small

from gradual_common.kinds.causes import label_of
from gradual_common.plan.model.schema import plan_json_schema


def reading(action: dict[str, Any] | None = None, **sse: Any) -> dict[str, Any]:
    return small(actions__post={"url": "/feed", "sse": sse, **(action or {})})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"until": "event.typ == 'a'"},
            "actions.post.sse.until: \"event.typ == 'a'\": event has no 'typ' (did you mean",
        ),
        ({"until": "{{ event['kind'] }}"}, "event has no 'kind' (there are: count, data, id, json, type)"),
        (
            {"until": "{{ vu.slot > 3 }}"},
            "does not read event, so no event changes it (read one of event.count, event.",
        ),
        ({"until": "event.data =="}, "actions.post.sse.until: "),
        (
            {"until": "{{ event.data == nobody }}"},
            "actions.post.sse.until: '{{ event.data == nobody }}' reads 'nobody'",
        ),
        ({"until": ""}, "actions.post.sse.until: the text is empty"),
        ({"max_events": 0}, "actions.post.sse.max_events: "),
        ({"within": "soon"}, "actions.post.sse.within: "),
        ({"events": 3}, "actions.post.sse.events: unknown key 'events'"),
        (
            {"within": "5s", "action": {"timeout": "9s"}},
            "actions.post.timeout: sse.within is the limit of the whole action",
        ),
        ({"action": {"method": "HEAD"}}, "actions.post.method: the response to HEAD has no events"),
        ({"action": {"graphql": {"query": "{ a }"}}}, "actions.post.sse: graphql and sse cannot be used together"),
        (
            {"action": {"record": {"post_event_gap": {"json": "a"}}}},
            "actions.post.record.post_event_gap: the event stream records this metric itself",
        ),
    ],
)
def test_a_mistake_has_its_place(changes: dict[str, Any], message: str) -> None:
    assert message in only_mistake(reading(**changes))


def test_set_up_reads_no_streams() -> None:
    plan = reading(max_events=1)
    plan["setup"] = ["post"]
    mistake = mistakes(plan)[0].replace("[0]", ".0")
    assert "setup.0.action: 'post' records metrics, which are of users" in mistake
    assert "(an event stream records its times: only groups read one)" in mistake


def test_the_metrics_are_in_the_plan_and_objectives_know_them() -> None:
    plan = reading(until="{{ event.type == 'done' and vu.slot }}", action={"record": {"n": "json: n"}})
    plan["thresholds"] = ["p95(metric=post_first_event) < 500", "p99(metric=post_event_gap) < 50",
                          "sum(metric=post_events) > 9"]  # fmt: skip
    loaded = load(plan)
    record = loaded.plan.actions["post"].record
    assert {name: (metric.unit, metric.source) for name, metric in record.items()} == {
        "n": ("", "json"),
        "post_first_event": ("ms", ""),
        "post_event_gap": ("ms", ""),
        "post_events": ("events", ""),
    }
    assert loaded.job.document["actions"]["post"]["record"].keys() == record.keys()


def test_a_record_that_actions_share_is_not_shared_then() -> None:
    text = """
    config: {base_url: "http://bank.example", duration: 1m}
    users: [{name: a, concurrency: 1, behavior: [one, two]}]
    actions:
      one: {url: /1, sse: {}, record: &shared {n: {type: counter}}}
      two: {url: /2, sse: {}, record: *shared}
    """
    actions = load(text).plan.actions
    assert actions["one"].record.keys() == {"n", "one_first_event", "one_event_gap", "one_events"}
    assert actions["two"].record.keys() == {"n", "two_first_event", "two_event_gap", "two_events"}


def test_a_stream_without_keys_is_read_to_its_end() -> None:
    sse = load(reading()).plan.actions["post"].sse
    assert (sse.until, sse.max_events, sse.within) == (None, None, None)


def test_editors_know_the_keys() -> None:
    schema = plan_json_schema()["$defs"]["EventStream"]
    assert schema["properties"].keys() == {"until", "max_events", "within"}


@pytest.mark.parametrize(
    ("detail", "label"),
    [
        ("no 3 events within 5 s; events: 1", "event stream not done after 5 s"),
        ("the stream ended before 3 events; events: 1", "event stream ended early"),
        ("the response is not an event stream that can be read: status 200, …", "no event stream"),
        ("none of 3 events was an event with 'x'; events: 3", "event not among those read"),
    ],
)
def test_failures_have_labels(detail: str, label: str) -> None:
    assert label_of("sse", detail) == label
