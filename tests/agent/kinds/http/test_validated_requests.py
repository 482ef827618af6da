"""What a plan's checks let through can be sent: an agent never meets a static request that it cannot build."""

from typing import Any

from agent_harness import FakeEngines
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradual_common.errors import PlanError
from gradual_common.plan.loader import PlanSource, load_plan
from gradual_common.plan.model.plan import Plan

LETTERS = "aZ09/?#:@[]%.-_~ \t\n\x00\x7f\"'{}|\\^`<>&=+,;!$*()é߀😀\ud800\udfff\u200d。"
PIECES = ("://", "http://", "https://", "%zz", "%41", ":0", ":80", "[::1]", "xn--", "127.1", "..", "h")
TEMPLATES = ("{{ 'a' }}", "{{ 'a\\nb' }}", "{{ 1 }}")
TRICKY = st.sampled_from([*LETTERS, *PIECES, *TEMPLATES])
TEXT = st.lists(TRICKY, max_size=8).map("".join)
URL = TEXT | st.tuples(st.sampled_from(["/", "http://h", "http://", "HTTPS://h:80/", "http://u@"]), TEXT).map("".join)
VALUE = TEXT | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
ACTION = st.fixed_dictionaries(
    {"url": URL},
    optional={
        "method": st.sampled_from(["GET", "post", "PURGE", "M-SEARCH"]) | TEXT,
        "headers": st.dictionaries(TEXT | st.just("X"), VALUE, max_size=2),
        "query": st.dictionaries(TEXT, VALUE | st.lists(VALUE, max_size=2), max_size=2),
        "body": TEXT | st.dictionaries(TEXT, VALUE, max_size=2) | st.lists(VALUE, max_size=2),
    },
)


@settings(max_examples=300, deadline=None)
@given(ACTION, URL)
@example({"url": "/", "headers": {"X": "{{ 'a\\nb' }}"}}, "http://h")
@example({"url": "{{ 'x' }}"}, "http://h")
@example({"url": "/", "query": {"{{ 'a' }}": ["{{ '\\ud800' }}"]}}, "http://h")
@example({"url": "{{ 'http://[::1/' }}"}, "http://h")
@example({"url": "/"}, "http://{{ 'a b' }}")
def test_what_is_valid_can_be_sent(action: dict[str, Any], base: str) -> None:
    plan = {
        "config": {"base_url": base, "duration": "1s"},
        "users": [{"name": "u", "concurrency": 1, "behavior": ["a"]}],
        "actions": {"a": action},
    }
    try:
        job = load_plan(PlanSource(mapping=plan), environ={}).job
    except PlanError:
        return
    FakeEngines(Plan.model_validate(job.document)).compile("a", False, False)
