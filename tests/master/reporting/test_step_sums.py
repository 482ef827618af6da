"""Sums of steps grow with every interval, apart by step and warm-up, and a copy stays as it is."""

from monitor_states import records

from gradual_master.reporting.step_sums import StepKey, StepSums, add_rows


def test_sums_hold_every_request_of_every_interval() -> None:
    closed = list(records(6, groups=("customer", "guest"), agents=2))
    sums: dict[StepKey, StepSums] = {}
    for record in closed:
        add_rows(sums, record.actions(), warm_up=record.number < 2)
    assert sum(of.requests for of in sums.values()) == sum(record.requests for record in closed)
    assert sum(of.errors.total() for of in sums.values()) == sum(record.failures for record in closed)
    assert sum(of.times.count for of in sums.values()) == sum(record.histogram.count for record in closed)
    warm = [of.requests for key, of in sums.items() if key.warm_up]
    assert sum(warm) == sum(record.requests for record in closed[:2])
    assert {(key.group, key.step) for key in sums} == {
        (group, step) for group in ("customer", "guest") for step in ("login", "rates")
    }


def test_a_copy_stays_as_it_is() -> None:
    rows = next(iter(records(1, groups=("customer",), agents=1))).actions()
    sums = StepSums()
    sums.add(rows[0])
    copy = sums.copy()
    sums.add(rows[0])
    assert (sums.requests, copy.requests) == (2 * rows[0].requests, rows[0].requests)
    assert (sums.times.count, copy.times.count) == (2 * rows[0].histogram.count, rows[0].histogram.count)
    assert sums.errors.total() == 2 * copy.errors.total()
