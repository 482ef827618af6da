"""One metric of an exporter's page; the pages are written by prometheus_client."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from gradual_master.errors import WatchError
from gradual_master.watching.exposition import Selector, read_selector, value_on_page


def page() -> str:
    registry = CollectorRegistry()
    cpu = Counter("cpu_seconds", "CPU.", ["mode", "cpu"], registry=registry)
    cpu.labels("idle", "0").inc(12.5)
    cpu.labels("user", "0").inc(3)
    cpu.labels("user", "1").inc(4)
    Gauge("load", "Load.", registry=registry).set(0.75)
    Gauge("odd", "A label with\nall that is escaped.", ["text"], registry=registry).labels('a"b\\c\nd,}').set(7)
    Gauge("broken", "No number.", registry=registry).set(float("nan"))
    return generate_latest(registry).decode()


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("load", 0.75),
        (" load { } ", 0.75),
        ('cpu_seconds_total{mode="idle"}', 12.5),
        ('cpu_seconds_total{cpu="1", mode="user"}', 4),
        (r'odd{text="a\"b\\c\nd,}"}', 7),
    ],
)
def test_a_name_and_some_of_its_labels_choose_one_sample(metric: str, value: float) -> None:
    assert value_on_page(page(), read_selector(metric)) == value


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ('cpu_seconds_total{mode="user"}', r'2 series of .*cpu="0"'),
        ("loa", "has no metric 'loa'"),
        ('cpu_seconds_total{mode="nice"}', "it has 3 of this name with other labels"),
        ("broken", "is nan"),
    ],
)
def test_none_or_several_are_a_mistake_that_says_what_is_there(metric: str, message: str) -> None:
    with pytest.raises(WatchError, match=message):
        value_on_page(page(), read_selector(metric))


@pytest.mark.parametrize("text", ["", "1up", "up{", 'up{a=~"b"}', "up{a=b}", 'up{a="b" c="d"}', "sum(up)"])
def test_what_is_no_metric_says_how_one_is_written(text: str) -> None:
    with pytest.raises(WatchError, match=r"equality only"):
        read_selector(text)


def test_a_name_without_labels_is_read() -> None:
    assert read_selector("a:b_total") == Selector("a:b_total")


def test_a_page_that_repeats_a_series_is_said_to_do_so() -> None:
    with pytest.raises(WatchError, match="the page repeats a series: it has 2 of 'up'"):
        value_on_page('up{job="a"} 1\nup{job="a"} 2\n', read_selector("up"))
