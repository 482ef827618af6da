"""The last minutes in slices, that never change once they are over."""

from monitor_states import records_of

from gradual_master.reporting.monitor.last_minutes import SPAN_S, LastMinutes


def minutes_of(samples: list[list[int]]) -> LastMinutes:
    minutes = LastMinutes()
    for record in records_of(samples):
        minutes.add(record)
    return minutes


def test_of_nothing_nothing_is_known() -> None:
    assert LastMinutes().rates(lambda point: point.ok, 4) == [None] * 4


def test_an_interval_without_samples_has_a_rate_and_no_time() -> None:
    minutes = minutes_of([[10], [], [30]])
    assert minutes.rates(lambda point: point.ok, 5) == [None, None, 1, 0, 1]
    assert minutes.worst(lambda point: point.times.max, 5) == [None, None, 10, None, 30]


def test_slices_grow_with_the_run_up_to_the_span() -> None:
    spans = []
    minutes = LastMinutes()
    for record in records_of([[1]] * 300):
        minutes.add(record)
        spans.append(minutes.slice_s(20))
    assert (spans[0], spans[19], spans[20], spans[-1]) == (1, 1, 2, SPAN_S / 20)
    assert minutes.span_s(20) == SPAN_S


def test_a_slice_that_is_over_never_changes() -> None:
    """With 30 columns over more than 3 minutes a slice is 6 s: rates are means, times the worst of the intervals."""
    samples = [[second % 13 + 1] * (second % 4 + 1) for second in range(240)]
    rates = minutes_of(samples).rates(lambda point: point.ok, 30)
    assert rates == [sum(map(len, samples[start : start + 6])) / 6 for start in range(60, 240, 6)]
    later = minutes_of([*samples, [1]]).rates(lambda point: point.ok, 30)
    assert later[:-1] == rates[1:]
    assert minutes_of(samples).worst(lambda point: point.times.max, 30) == [
        max(max(times) for times in samples[start : start + 6]) for start in range(60, 240, 6)
    ]
