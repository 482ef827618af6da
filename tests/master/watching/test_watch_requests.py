"""What is asked of Prometheus and of exporters."""

import pytest

from gradual_common.clock import NS_PER_S as S
from gradual_common.plan.model.watches import WatchedMetric
from gradual_master.watching.requests import Span, ask

SPAN = Span(origin=1_700_000_000 * S, interval=S, first=3, last=5)


def test_a_query_is_for_the_ends_of_the_intervals_and_takes_no_sample_older_than_max_age() -> None:
    watch = WatchedMetric(prometheus="http://prom:9090/", query="up", max_age="20s")
    asked = ask(watch, SPAN, {})
    assert asked.url == "http://prom:9090/api/v1/query_range"
    assert dict(asked.params) == {
        "query": "up",
        "start": "1700000004.000",
        "end": "1700000006.000",
        "step": "1.000",
        "lookback_delta": "20.000",
    }


def test_an_exporter_is_asked_for_its_page_in_the_text_format() -> None:
    asked = ask(WatchedMetric(exporter="http://host:9100/metrics", metric="node_load1"), SPAN, {})
    assert (asked.url, asked.params) == ("http://host:9100/metrics", ())
    assert asked.headers["Accept"].startswith("text/plain")


@pytest.mark.parametrize(
    ("auth", "field"),
    [
        ({"bearer": "{{secrets.KEY}}"}, "Bearer s3cret"),
        # RFC 7617, section 2: the example of the RFC.
        ({"basic": {"username": "Aladdin", "password": "open sesame"}}, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    ],
)
def test_it_authenticates_itself_and_no_text_of_it_shows_the_secret(auth: dict[str, object], field: str) -> None:
    watch = WatchedMetric(prometheus="http://prom", query="up", auth=auth)
    asked = ask(watch, SPAN, {"KEY": "s3cret"})
    assert asked.headers["Authorization"] == field
    assert "s3cret" not in repr(asked)


def test_values_go_to_the_intervals_that_end_at_their_instants() -> None:
    at = SPAN.origin + 4 * S
    values = [(at - S, 1.0), (at, 2.0), (at + 2 * S, 3.0), (at + 3 * S, 4.0)]
    assert SPAN.by_interval(values) == {3: 2.0, 5: 3.0}
