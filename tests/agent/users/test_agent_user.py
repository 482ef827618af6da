"""A virtual user does what its plan says, and everything it does is counted once."""

from typing import Any

import pytest
from agent_harness import MS, Reply, S, UserHarness, counter, kinds, user_time

from gradual_common.protocol.batch import ITERATION, MEASURES, PACED, START_LAG, Batch
from gradual_common.protocol.batch_checks import check_batch


def iterations(batch: Batch) -> tuple[int, int]:
    """(completed, empty) over all frames and groups."""
    completed, empty = batch.iterations.sum(axis=(0, 1)).tolist()
    return completed, empty


def measured(batch: Batch, measure: int) -> list[tuple[int, int, int]]:
    """(count, min, max) of every histogram of `measure`."""
    rows = batch.histograms.stats[batch.histograms.keys[:, 1] == measure]
    return [(row[0], row[2], row[3]) for row in rows.tolist()]


def test_steps_run_in_order_again_and_again_and_think_time_comes_after_each_of_them() -> None:
    harness = UserHarness(
        {"behavior": [{"action": "login", "think_time": "1s"}, {"action": "browse", "think_time": "2s"}]}
    )
    harness.start()
    harness.run_until(4 * S)
    assert harness.sent == [(0, "/login"), (1010, "/browse"), (3020, "/login")]


def test_think_time_follows_a_failure_too_and_defaults_to_the_groups_and_the_plans() -> None:
    harness = UserHarness(
        [{"behavior": ["login"], "think_time": "1s"}, {"behavior": ["browse"]}],
        script=lambda request: Reply(status=500),
        think_time="2s",
    )
    harness.start(group=0)
    harness.start(group=1)
    harness.run_until(2500 * MS)
    assert harness.sent == [(0, "/login"), (0, "/browse"), (1010, "/login"), (2010, "/browse"), (2020, "/login")]


def test_pacing_starts_iterations_at_a_fixed_cadence_and_an_overrun_moves_it() -> None:
    delays = iter([10 * MS, 1500 * MS, 10 * MS, 10 * MS])
    harness = UserHarness({"behavior": ["login"], "pacing": "1s"}, script=lambda request: Reply(delay=next(delays)))
    harness.start()
    harness.run_until(4 * S)
    assert [at for at, _ in harness.sent] == [0, 1000, 2500, 3500]


def test_paced_iterations_are_measured_from_their_start_and_from_when_they_were_due() -> None:
    """The second one takes 1.5 s of 1 s, so the third begins 500 ms late; nothing is made up for what was not sent."""
    delays = iter([10 * MS, 1500 * MS, 10 * MS, 10 * MS])
    harness = UserHarness({"behavior": ["login"], "pacing": "1s"}, script=lambda request: Reply(delay=next(delays)))
    harness.start()
    harness.run_until(4 * S)
    batch = harness.seal()
    usual, slow = (1, 10 * MS, 10 * MS), 1500 * MS
    assert measured(batch, ITERATION) == [usual, (2, 10 * MS, slow), usual]
    assert measured(batch, PACED) == [usual, (2, 510 * MS, slow), usual]


def test_without_pacing_nothing_is_due() -> None:
    harness = UserHarness({"behavior": ["login"]}, script=lambda request: Reply(delay=10 * MS))
    harness.start()
    harness.run_until(S)
    batch = harness.seal()
    assert len(measured(batch, ITERATION)) == 1
    assert measured(batch, PACED) == []


def test_a_think_time_that_reaches_beyond_the_cadence_is_kept() -> None:
    harness = UserHarness({"behavior": [{"action": "login", "think_time": "2s"}], "pacing": "1s"})
    harness.start()
    harness.run_until(5 * S)
    assert [at for at, _ in harness.sent] == [0, 2010, 4020]


def test_a_user_that_has_done_its_iterations_ends_for_good_at_once() -> None:
    harness = UserHarness({"behavior": [{"action": "login", "think_time": "1s"}], "iterations": 2})
    harness.start(ordinal=3, tenure=5)
    harness.run_until(10 * S)
    assert harness.sent == [(0, "/login"), (1010, "/login")]
    assert harness.ended == [(0, 3, 5, True)]
    assert iterations(harness.seal()) == (2, 0)
    assert harness.active == harness.stopping == 0


def test_an_iteration_that_neither_sent_nor_waited_sleeps_and_counts_as_empty() -> None:
    harness = UserHarness({"behavior": [{"action": "login", "condition": "false"}]})
    harness.start()
    harness.run_until(950 * MS)
    batch = harness.seal()
    assert harness.sent == []
    assert iterations(batch) == (10, 10)
    assert counter(batch, "skipped") == 10
    assert kinds(batch, 1) == {}
    assert user_time(batch)[2] == 950 * MS


def test_a_request_that_cannot_be_built_fails_unsent_and_no_user_spins_on_it() -> None:
    harness = UserHarness({"behavior": ["login"]}, {"login": {"url": "/{{ nobody }}"}})
    harness.start()
    harness.run_until(950 * MS)
    batch = harness.seal()
    assert kinds(batch, 1) == {(0, "template"): 10}
    assert (counter(batch, "unsent"), counter(batch, "sent")) == (10, 0)
    assert harness.recorder.begun == 10


def test_an_iterations_time_ends_with_its_last_step() -> None:
    harness = UserHarness(
        {"behavior": [{"action": "login", "think_time": "1s"}, {"action": "browse", "think_time": "5s"}]}
    )
    harness.start()
    harness.run_until(3 * S)
    assert measured(harness.seal(), ITERATION) == [(1, 1020 * MS, 1020 * MS)]


BANK = [
    {"action": "login", "think_time": "100ms"},
    {"action": "browse", "condition": "{{response.status == 'success'}}", "think_time": "100ms"},
    {"action": "logout", "condition": "{{response.status == 'error'}}", "think_time": "100ms"},
]


@pytest.mark.parametrize(("status", "followed_by"), [(200, "/browse"), (401, "/logout")])
def test_a_step_follows_the_outcome_that_its_condition_names(status: int, followed_by: str) -> None:
    harness = UserHarness(
        {"behavior": BANK, "iterations": 2}, script=lambda request: Reply(status if "login" in request.target else 200)
    )
    harness.start()
    harness.run_until(5 * S)
    assert harness.paths == ["/login", followed_by] * 2
    assert counter(harness.seal(), "skipped") == 2


def test_a_skipped_step_neither_thinks_nor_changes_the_response() -> None:
    steps = [
        {"action": "login"},
        {"action": "browse", "condition": "response.status == 'none'", "think_time": "9s"},
        {"action": "logout", "condition": "response.status_code == 201 and responses.login.time_ms == 10"},
    ]
    harness = UserHarness({"behavior": steps, "iterations": 1}, script=lambda request: Reply(201))
    harness.start()
    harness.run_until(S)
    assert harness.sent == [(0, "/login"), (10, "/logout")]


def test_a_condition_that_cannot_be_evaluated_fails_its_step() -> None:
    harness = UserHarness({"behavior": [{"action": "login", "condition": "nobody.knows"}, "browse"], "iterations": 1})
    harness.start()
    harness.run_until(S)
    assert harness.paths == ["/browse"]
    assert kinds(harness.seal(), 2) == {(0, "template"): 1, (1, ""): 1}


def test_responses_and_variables_reset_each_iteration_and_what_on_start_set_persists() -> None:
    actions = {
        "login": {"url": "/login", "extract": {"token": "json: token"}},
        "browse": {
            "url": "/browse/{{ token }}/{{ seen | default('new') }}/{{ response.status }}/{{ vu.iteration }}",
            "extract": {"seen": "json: token"},
        },
    }
    answers = iter(f'{{"token": "t{n}"}}'.encode() for n in range(9))
    harness = UserHarness(
        {"on_start": ["login"], "behavior": ["browse"], "iterations": 2},
        actions,
        lambda request: Reply(body=next(answers)),
    )
    harness.start()
    harness.run_until(S)
    assert harness.paths == ["/login", "/browse/t0/new/none/0", "/browse/t0/new/none/1"]


def test_a_response_shows_status_code_error_headers_text_and_json() -> None:
    steps = ["login", {"action": "browse"}]
    url = "/{{ response.status }}/{{ response.status_code }}/{{ response.error }}/{{ response.headers['X-A'] }}/"
    url += "{{ response.json.a }}/{{ response.text | length }}/{{ responses.login.time_ms | int }}"
    harness = UserHarness(
        {"behavior": steps, "iterations": 1},
        {"login": {"url": "/login"}, "browse": {"url": url}},
        lambda request: Reply(404, body=b'{"a": 1}', headers={"x-a": "h"}),
    )
    harness.start()
    harness.run_until(S)
    assert harness.paths[1] == "/error/404/status/h/1/8/10"


def test_rows_secrets_vu_and_random_values_are_in_scope_and_a_seed_gives_them_again() -> None:
    action = {
        "url": "/{{ vu.group }}/{{ vu.slot }}/{{ vu.tenure }}/{{ user.name }}/{{ secrets.KEY }}/{{ timestamp() }}",
        "headers": {"X-Random": "{{ random_int(1, 1000000) }}"},
    }

    def first_request(ordinal: int) -> tuple[str, str]:
        harness = UserHarness({"behavior": ["login"], "think_time": "1s"}, {"login": action})
        harness.start(ordinal=ordinal, tenure=2, user={"name": "{{x}}"})
        return harness.last.target, dict(harness.last.fields)["X-Random"]

    assert first_request(4)[0] == "/g0/4/2/%7B%7Bx%7D%7D/secret-key/1793534400"
    assert first_request(4) == first_request(4)
    assert first_request(4)[1] != first_request(5)[1]


def test_a_failed_on_start_is_replaced_in_its_slot_after_a_second_with_everything_fresh() -> None:
    answers = iter([Reply(500), Reply(200), Reply(200)])
    harness = UserHarness(
        {"on_start": ["login", "logout"], "behavior": ["browse"], "think_time": "10s"},
        script=lambda request: next(answers),
    )
    harness.start()
    harness.run_until(12 * S)
    assert harness.sent == [(0, "/login"), (1010, "/login"), (11020, "/logout")]
    first, second = harness.engine.clients
    assert (first.is_closed, second.is_closed) == (True, False)
    assert harness.ended == []
    assert (harness.active, harness.stopping) == (1, 0)


def test_on_stop_runs_after_the_last_iteration_with_its_variables_and_counts_as_stopping() -> None:
    actions = {
        "browse": {"url": "/browse", "extract": {"token": "header: X-Token"}},
        "logout": {"url": "/logout/{{ token }}"},
    }
    harness = UserHarness(
        {"behavior": ["browse"], "on_stop": ["logout"], "iterations": 1},
        actions,
        lambda request: Reply(headers={"X-Token": "abc"}),
    )
    harness.start()
    harness.run_until(S)
    assert harness.paths == ["/browse", "/logout/abc"]
    assert harness.ended == [(0, 0, 0, True)]
    assert user_time(harness.seal()) == [10 * MS, 10 * MS, 0, 10 * MS]


def test_a_user_asked_to_stop_while_thinking_ends_at_once() -> None:
    harness = UserHarness({"behavior": ["login"], "think_time": "10s"})
    harness.start()
    harness.run_until(S)
    harness.stop(31 * S)
    assert harness.ended == [(0, 0, 0, False)]
    assert user_time(harness.seal()) == [S, 10 * MS, 990 * MS, 0]
    assert harness.engine.clients[0].is_closed


def test_a_user_asked_to_stop_in_a_request_ends_after_it_and_is_stopping_until_then() -> None:
    harness = UserHarness({"behavior": ["login", "browse"]}, script=lambda request: Reply(delay=3 * S))
    harness.start()
    harness.run_until(S)
    harness.stop(31 * S)
    assert (harness.active, harness.stopping, harness.ended) == (0, 1, [])
    harness.run_until(5 * S)
    assert harness.ended == [(0, 0, 0, False)]
    batch = harness.seal()
    assert user_time(batch) == [S, S, 0, 2 * S]
    assert kinds(batch, 2) == {(0, ""): 1}
    assert iterations(batch) == (0, 0)


def test_at_the_deadline_the_request_is_interrupted_and_on_stop_has_as_long_again() -> None:
    harness = UserHarness(
        {"behavior": ["login"], "on_stop": ["logout", "logout"], "think_time": "1s"},
        script=lambda request: None if request.target == "/login" else Reply(delay=200 * MS),
    )
    harness.start()
    harness.run_until(S)
    harness.stop(2 * S)
    harness.run_until(10 * S)
    assert harness.sent == [(0, "/login"), (2000, "/logout")]
    assert harness.ended == [(0, 0, 0, False)]
    batch = harness.seal()
    assert kinds(batch, 3) == {(1, ""): 1}
    assert (counter(batch, "interrupted"), counter(batch, "sent"), counter(batch, "unsent")) == (1, 2, 0)
    assert user_time(batch)[3] == 2 * S


def test_on_stop_in_flight_is_interrupted_when_its_time_is_over() -> None:
    harness = UserHarness(
        {"behavior": ["login"], "on_stop": ["logout"], "think_time": "10s"},
        script=lambda request: None if request.target == "/logout" else Reply(),
    )
    harness.start()
    harness.run_until(S)
    harness.stop(2 * S)
    harness.run_until(10 * S)
    assert harness.sent == [(0, "/login"), (1000, "/logout")]
    batch = harness.seal()
    assert counter(batch, "interrupted", 1) == 1
    assert user_time(batch)[3] == 2 * S


def test_of_two_stops_the_earlier_deadline_holds_and_without_time_on_stop_is_left_out() -> None:
    harness = UserHarness({"behavior": ["login"], "on_stop": ["logout"]}, script=lambda request: None)
    harness.start()
    harness.run_until(S)
    harness.stop(31 * S)
    harness.run_until(2 * S)
    harness.stop(2 * S)
    harness.stop(90 * S)
    harness.run_until(3 * S)
    assert harness.paths == ["/login"]
    assert harness.ended == [(0, 0, 0, False)]
    assert user_time(harness.seal())[3] == S


def test_a_stop_at_the_iteration_lets_the_user_finish_it() -> None:
    steps = [{"action": "login", "think_time": "1s"}, {"action": "browse", "think_time": "9s"}]
    harness = UserHarness({"behavior": steps, "stop_at": "iteration"})
    harness.start()
    harness.run_until(500 * MS)
    harness.stop(30 * S)
    assert harness.stopping == 1
    harness.run_until(20 * S)
    assert harness.sent == [(0, "/login"), (1010, "/browse")]
    batch = harness.seal()
    assert iterations(batch) == (1, 0)
    assert user_time(batch)[3] == 520 * MS


def test_a_stop_at_the_iteration_ends_at_the_deadline_even_when_the_user_thinks() -> None:
    steps = [{"action": "login", "think_time": "9s"}, {"action": "browse"}]
    harness = UserHarness({"behavior": steps, "stop_at": "iteration"})
    harness.start()
    harness.run_until(500 * MS)
    harness.stop(S)
    harness.run_until(20 * S)
    assert harness.paths == ["/login"]
    assert harness.ended == [(0, 0, 0, False)]


def test_a_stop_between_two_iterations_ends_the_user_at_once_whatever_it_is_to_finish() -> None:
    harness = UserHarness({"behavior": [{"action": "login", "think_time": "9s"}], "stop_at": "iteration"})
    harness.start()
    harness.run_until(S)
    harness.stop(30 * S)
    assert harness.ended == [(0, 0, 0, False)]


def test_a_user_that_hands_over_is_active_until_its_iteration_ends_and_rests_no_more() -> None:
    steps = [{"action": "login", "think_time": "1s"}, {"action": "browse", "think_time": "9s"}]
    harness = UserHarness({"behavior": steps})
    harness.start()
    harness.run_until(500 * MS)
    harness.stop(30 * S, hands_over=True)
    assert (harness.active, harness.stopping) == (1, 0)
    harness.run_until(20 * S)
    assert harness.sent == [(0, "/login"), (1010, "/browse")]
    assert harness.ended == [(0, 0, 0, False)]
    batch = harness.seal()
    assert iterations(batch) == (1, 0)
    assert user_time(batch) == [1020 * MS, 20 * MS, S, 0]


def test_a_user_that_hands_over_between_two_iterations_ends_at_once() -> None:
    harness = UserHarness({"behavior": [{"action": "login", "think_time": "9s"}]})
    harness.start()
    harness.run_until(S)
    harness.stop(30 * S, hands_over=True)
    assert harness.ended == [(0, 0, 0, False)]


def test_a_user_that_hands_over_is_cut_short_at_the_deadline() -> None:
    harness = UserHarness({"behavior": ["login", "browse"]}, script=lambda request: None)
    harness.start()
    harness.run_until(S)
    harness.stop(3 * S, hands_over=True)
    harness.run_until(10 * S)
    assert harness.ended == [(0, 0, 0, False)]
    batch = harness.seal()
    assert counter(batch, "interrupted") == 1
    assert user_time(batch) == [3 * S, 3 * S, 0, 0]


def test_a_stop_takes_the_iteration_from_one_that_hands_over_and_never_gives_it_back() -> None:
    steps = [{"action": "login", "think_time": "5s"}, {"action": "browse"}]
    for stops in ([True, False], [False, True]):
        harness = UserHarness({"behavior": steps})
        harness.start()
        harness.run_until(S)
        for hands_over in stops:
            harness.stop(30 * S, hands_over=hands_over)
        assert harness.ended == [(0, 0, 0, False)]
        assert harness.paths == ["/login"]


def test_a_stop_in_the_middle_of_on_start_skips_the_behaviour_and_runs_on_stop() -> None:
    harness = UserHarness({"on_start": ["login", "login"], "behavior": ["browse"], "on_stop": ["logout"]})
    harness.start()
    harness.run_until(5 * MS)
    harness.stop(30 * S)
    harness.run_until(S)
    assert harness.paths == ["/login", "/logout"]
    assert harness.ended == [(0, 0, 0, False)]


def test_a_stop_while_a_slot_waits_for_its_replacement_ends_it() -> None:
    harness = UserHarness(
        {"on_start": ["login"], "behavior": ["browse"], "on_stop": ["logout"]}, script=lambda request: Reply(500)
    )
    harness.start()
    harness.run_until(500 * MS)
    harness.stop(30 * S)
    assert harness.paths == ["/login"]
    assert harness.ended == [(0, 0, 0, False)]


def test_a_cut_runs_no_on_stop_reports_no_end_and_counts_what_was_in_flight() -> None:
    harness = UserHarness(
        [{"behavior": ["login"], "on_stop": ["logout"]}, {"behavior": ["browse"], "think_time": "9s"}],
        script=lambda request: None if request.target == "/login" else Reply(),
    )
    harness.start(group=0)
    harness.start(group=1)
    harness.run_until(S)
    harness.users.cut()
    harness.run_until(20 * S)
    assert harness.paths == ["/login", "/browse"]
    assert harness.ended == []
    assert all(client.is_cut for client in harness.engine.clients)
    batch = harness.seal()
    assert (counter(batch, "interrupted"), counter(batch, "sent")) == (1, 2)
    assert user_time(batch, 0) == [S, S, 0, 0]
    assert user_time(batch, 1) == [S, 10 * MS, 990 * MS, 0]
    assert (harness.active, harness.stopping) == (0, 0)


def test_while_the_lease_is_over_a_user_waits_and_what_was_never_written_was_never_begun() -> None:
    harness = UserHarness({"behavior": ["login"], "think_time": "300ms"})
    harness.start()
    harness.engine.lease_ends_at = 300 * MS
    harness.run_until(650 * MS)
    harness.engine.lease_ends_at = 1 << 62
    harness.run_until(S)
    batch = harness.seal()
    assert counter(batch, "sent") == kinds(batch, 1)[0, ""] == 2
    assert counter(batch, "interrupted") == 0
    assert harness.recorder.begun == 2


def test_every_failure_is_shown_once_with_its_step_its_slot_and_what_was_sent() -> None:
    """In every part of the behaviour; a success never, and a template that cannot be filled in sent nothing."""
    harness = UserHarness(
        {
            "on_stop": ["logout"],
            "behavior": ["login", "browse", {"action": "broken", "think_time": "1s"}],
            "iterations": 1,
        },
        {name: {"url": f"/{name}"} for name in ("login", "browse", "logout")} | {"broken": {"url": "/{{ nobody }}"}},
        script=lambda request: Reply(status=200 if request.target == "/browse" else 503),
    )
    harness.start(ordinal=6)
    harness.run_until(5 * S)
    assert harness.failures == [
        (0, "status", 6, "/login", None),
        (2, "template", 6, None, None),
        (3, "status", 6, "/logout", None),
    ]


def test_a_failed_on_start_is_shown_too() -> None:
    harness = UserHarness({"on_start": ["login"], "behavior": ["browse"]}, script=lambda request: Reply(status=500))
    harness.start()
    harness.run_until(500 * MS)
    assert harness.failures == [(0, "status", 0, "/login", None)]


def test_the_response_is_there_when_a_failure_is_shown() -> None:
    harness = UserHarness(
        {"behavior": [{"action": "login", "think_time": "1s"}]},
        {"login": {"url": "/login", "assertions": [{"body_contains": "nowhere"}]}},
        script=lambda request: Reply(body=b"{}"),
    )
    harness.start()
    harness.run_until(500 * MS)
    assert harness.failures == [(0, "assertion:body_contains", 0, "/login", 200)]


def test_what_was_interrupted_is_not_shown_and_shows_up_with_no_later_failure() -> None:
    harness = UserHarness(
        {"behavior": [{"action": "login", "condition": "{{ vu.iteration < 99 }}"}, "broken"], "think_time": "300ms"},
        {"login": {"url": "/login"}, "broken": {"url": "/{{ nobody }}"}},
    )
    harness.engine.lease_ends_at = 0
    harness.start()
    harness.run_until(400 * MS)
    assert harness.failures == []
    harness.engine.lease_ends_at = 1 << 62
    harness.run_until(2 * S)
    assert harness.failures
    assert set(harness.failures) == {(1, "template", 0, None, None)}


def test_sent_is_requests_less_unsent_plus_interrupted_and_hops() -> None:
    answers = [
        Reply(),
        Reply(status=500),
        Reply(kind="connect", is_sent=False),
        Reply(kind="timeout"),
        Reply(hops=2),
        Reply(kind="reset"),
        None,
    ]
    script = iter(answers)
    harness = UserHarness({"behavior": ["login"], "think_time": "1s"}, script=lambda request: next(script))
    harness.start()
    harness.run_until(8 * S)
    harness.stop(9 * S)
    harness.run_until(10 * S)
    batch = harness.seal()
    check_batch(batch)
    requests = sum(kinds(batch, 1).values())
    assert requests == 6
    assert counter(batch, "unsent") == 1
    assert counter(batch, "sent") == requests - 1 + counter(batch, "interrupted") + counter(batch, "hops") == 8
    assert harness.recorder.begun == requests + counter(batch, "interrupted")


def test_active_time_is_request_time_plus_thinking_time_when_the_agent_takes_none() -> None:
    harness = UserHarness(
        {"behavior": [{"action": "login", "think_time": "70ms"}, {"action": "browse", "think_time": "1-3s"}]}
    )
    for ordinal in range(7):
        harness.start(ordinal=ordinal)
        harness.run_until(harness.timeline.now + 137 * MS)
    harness.run_until(20 * S)
    batch = harness.seal()
    active, in_request, thinking, stopping = user_time(batch)
    assert active == in_request + thinking
    assert active == sum(20 * S - ordinal * 137 * MS for ordinal in range(7))
    assert stopping == 0


def test_the_start_lag_is_how_late_a_user_went_on_after_its_think_time() -> None:
    harness = UserHarness({"behavior": ["login"], "think_time": "1s"})
    harness.start()
    harness.run_until(100 * MS)
    harness.timeline.now = 1013 * MS
    harness.run_until(1100 * MS)
    assert MEASURES[START_LAG] == "start_lag"
    assert measured(harness.seal(), START_LAG) == [(1, 3 * MS, 3 * MS)]


@pytest.mark.parametrize(
    ("group", "ended"),
    [({}, 0), ({"cookies": "per_iteration"}, 3), ({"connections": "per_iteration"}, 3), ({"connections": "close"}, 0)],
)
def test_a_client_forgets_after_each_iteration_what_does_not_outlive_it(group: dict[str, Any], ended: int) -> None:
    harness = UserHarness({"behavior": ["login"], "iterations": 3, **group})
    harness.start()
    harness.run_until(S)
    assert harness.engine.clients[0].iterations_ended == ended
