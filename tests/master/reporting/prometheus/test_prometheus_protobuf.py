"""Protobuf holds what the texts hold, and loses nothing of a histogram."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_run import PROTOBUF, feed, metrics_of, read_protobuf, reported_run, samples_of, scrape
from raw_run import S

from gradual_common.histogram.histogram import Histogram
from gradual_master.reporting.prometheus.metrics import cumulative
from gradual_master.reporting.prometheus.protobuf import CONTENT_TYPE, deltas, spans
from gradual_master.reporting.prometheus.reporter import PrometheusReporter


@given(st.dictionaries(st.integers(-1300, 800), st.integers(1, 2**40), max_size=40))
def test_spans_and_deltas_say_which_buckets_hold_how_many(buckets: dict[int, int]) -> None:
    rising = dict(sorted(buckets.items()))
    index, indices = 0, []
    for offset, length in spans(rising):
        indices += range(index + offset, index + offset + length)
        index += offset + length
    total, counts = 0, []
    for delta in deltas(rising.values()):
        total += delta
        counts.append(total)
    assert dict(zip(indices, counts, strict=True)) == rising


def test_protobuf_holds_the_same_and_loses_nothing_of_a_histogram(reporter: PrometheusReporter) -> None:
    reported = reported_run()
    feed(reporter, reported)
    content_type, body = scrape(reporter, PROTOBUF)
    assert content_type == CONTENT_TYPE
    families = {family.name: family for family in read_protobuf(body)}
    flat = {
        (name, *(label.value for label in sorted(metric.label, key=lambda label: label.name))): (
            metric.counter.value if family.type == 0 else metric.gauge.value
        )
        for name, family in families.items()
        for metric in family.metric
        if family.type in (0, 1)
    }
    text = samples_of(metrics_of(reported))
    assert flat == {key: value for key, value in text.items() if "response_time" not in key[0]}
    metrics = families["gradual_response_time_seconds"].metric
    login = next(m.histogram for m in metrics if any(label.value == "login" for label in m.label))
    whole = Histogram.from_json(reported.summary.actions[0].histogram)
    assert (login.sample_count, login.sample_sum) == (120, whole.sum / S)
    assert login.schema == 6
    assert [bucket.cumulative_count for bucket in login.bucket] == list(cumulative(whole)[:-1])
    assert sum(span.length for span in login.positive_span) == len(whole.prometheus_buckets())
