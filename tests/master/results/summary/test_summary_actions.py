"""The table of actions has a row for every step, performed or not."""

from raw_run import MS, S, Stretch, aggregate_of, batch_of, plan_of, schedule_of

from gradual_master.results.summary.summary import action_rows


def test_a_step_never_performed_has_a_row_without_data() -> None:
    plan = plan_of()
    aggregate = aggregate_of(plan, schedule_of((2, 1)))
    aggregate.merge("a", batch_of(1, 0, Stretch(0, 0, S, [(1, "", MS)], assertions=[(0, 0, 0, 0)])))
    aggregate.settle()
    login, browse, rates = action_rows(aggregate)
    assert [(row.group, row.step) for row in (login, browse, rates)] == [
        ("customer", "login"),
        ("customer", "browse"),
        ("guest", "rates"),
    ]
    assert (login.requests, login.success_rate, login.response_time_ms.p50) == (0, None, None)
    assert [(row.passed, row.failed) for row in login.assertions] == [(0, 0)]
    assert (browse.requests, browse.success_rate, browse.assertions) == (1, 1, ())


def test_successes_have_their_response_times_apart() -> None:
    plan = plan_of()
    aggregate = aggregate_of(plan, schedule_of((2, 1)))
    aggregate.merge("a", batch_of(1, 0, Stretch(0, 0, S, [(1, "", 40 * MS), (1, "status", MS)])))
    aggregate.settle()
    _, browse, _ = action_rows(aggregate)
    assert (browse.response_time_ms.count, browse.response_time_ms.min) == (2, 1)
    assert (browse.ok_response_time_ms.count, browse.ok_response_time_ms.min) == (1, 40)
