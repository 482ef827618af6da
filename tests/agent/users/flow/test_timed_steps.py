"""Transactions, polls and retries: what they time, what they count, and what they leave out."""

from typing import Any

import pytest
from agent_harness import MS, Reply, S, UserHarness, counter, kinds, user_time

from gradual_common.kinds.failures import KINDS
from gradual_common.protocol.batch import TRANSACTION, Batch

ACTIONS = {name: {"url": f"/{name}"} for name in "abc"}
DONE = "response.json.state == 'done'"


def transactions(harness: UserHarness, batch: Batch) -> list[tuple[str, str, int, int, int]]:
    """(name, kind, number, shortest in ms, longest in ms)."""
    names = {series.number: series.name for series in harness.index.transactions}
    found = []
    keys, rows = batch.histograms.keys.tolist(), batch.histograms.stats.tolist()
    stats = {tuple(key): row for key, row in zip(keys, rows, strict=True)}
    for cell, (_, series, kind) in enumerate(batch.cells.tolist()):
        if series in names:
            row = stats[cell, TRANSACTION]
            assert batch.requests[cell] == row[0]
            found.append((names[series], KINDS[kind], row[0], row[2] // MS, row[3] // MS))
    return sorted(found)


def performed(behavior: list[Any], script: Any = None, until: int = 100 * S, **group: Any) -> UserHarness:
    harness = UserHarness({"behavior": behavior, "iterations": 1, **group}, ACTIONS, script)
    harness.start()
    harness.run_until(until)
    return harness


def test_a_transaction_is_timed_without_the_deliberate_waits_in_it() -> None:
    steps = [{"action": "a", "think_time": "3s"}, {"sleep": "2s"}, {"transaction": "inner", "steps": ["b"]}, "c"]
    before = {"action": "a", "name": "before", "think_time": "5s"}
    harness = performed([before, {"transaction": "outer", "steps": steps}])
    assert transactions(harness, harness.seal()) == [("inner", "", 1, 10, 10), ("outer", "", 1, 30, 30)]


def test_a_transaction_fails_with_its_first_failure_and_so_do_those_around_it() -> None:
    steps = ["a", {"transaction": "inner", "steps": ["b"]}, {"transaction": "last", "steps": ["c"]}]
    replies = {"/a": Reply(), "/b": Reply(500), "/c": Reply(kind="reset")}
    harness = performed([{"transaction": "outer", "steps": steps}], lambda r: replies[r.target])
    assert transactions(harness, harness.seal()) == [
        ("inner", "status", 1, 10, 10),
        ("last", "reset", 1, 10, 10),
        ("outer", "status", 1, 30, 30),
    ]


def test_a_transaction_that_a_failure_ends_has_failed_and_one_that_a_stop_ends_is_not_counted() -> None:
    steps = [{"action": "a", "on_failure": "end_iteration"}, "b"]
    harness = performed([{"transaction": "t", "steps": steps}], lambda r: Reply(500))
    assert transactions(harness, harness.seal()) == [("t", "status", 1, 10, 10)]
    harness = performed([{"transaction": "t", "steps": ["a", "b"]}], lambda r: Reply(delay=S), until=500 * MS)
    harness.stop(5 * S)
    harness.run_until(9 * S)
    assert (harness.paths, transactions(harness, harness.seal())) == (["/a"], [])


def answers(*bodies: str, status: int = 200) -> Any:
    replies = iter([Reply(status, body=body.encode()) for body in bodies])
    return lambda request: next(replies)


POLL = {"poll": "a", "until": DONE, "every": "2s", "within": "60s", "think_time": "1s"}


def test_a_poll_asks_until_its_condition_holds_and_times_all_of_it() -> None:
    bodies = ["", '{"state": "new"}', '{"state": "done"}', ""]
    harness = performed([{"transaction": "t", "steps": [POLL]}, "b"], answers(*bodies))
    batch = harness.seal()
    assert harness.sent == [(0, "/a"), (2010, "/a"), (4020, "/a"), (5030, "/b")]
    assert transactions(harness, batch) == [("a", "", 1, 4030, 4030), ("t", "", 1, 4030, 4030)]
    assert kinds(batch, 2) == {(0, ""): 3, (1, ""): 1}
    assert user_time(batch)[1:3] == [40 * MS, 5 * S]


def test_a_poll_that_is_not_done_in_time_is_one_failed_request() -> None:
    poll = {**POLL, "within": "5s", "name": "job"}
    harness = performed([poll, "b"], lambda r: Reply(body=b'{"state": "new"}'))
    batch = harness.seal()
    assert harness.sent == [(0, "/a"), (2010, "/a"), (4020, "/a"), (5030, "/b")]
    assert kinds(batch, 2) == {(0, ""): 2, (0, "poll"): 1, (1, ""): 1}
    assert transactions(harness, batch) == [("job", "poll", 1, 4030, 4030)]
    assert [failure.kind for failure in harness.failures] == ["poll"]
    assert counter(batch, "sent") == 4


def test_a_condition_that_comes_true_too_late_is_a_failure() -> None:
    poll = {**POLL, "within": "1s"}
    harness = performed([poll], lambda r: Reply(body=b'{"state": "done"}', delay=1500 * MS))
    assert transactions(harness, harness.seal()) == [("a", "poll", 1, 1500, 1500)]


def test_a_request_that_fails_is_counted_and_the_poll_goes_on_also_in_on_start() -> None:
    replies = [Reply(500), Reply(kind="reset"), Reply(body=b'{"state": "done"}'), Reply()]
    harness = performed(["b"], lambda r: replies.pop(0), on_start=[POLL])
    batch = harness.seal()
    assert harness.paths == ["/a", "/a", "/a", "/b"]
    assert kinds(batch, 2) == {(0, "status"): 1, (0, "reset"): 1, (0, ""): 1, (1, ""): 1}
    assert [row[:3] for row in transactions(harness, batch)] == [("a", "", 1)]


def test_a_poll_that_fails_ends_as_much_as_it_says() -> None:
    poll = {**POLL, "within": "1s", "on_failure": "end_iteration"}
    harness = performed([poll, "b"], lambda r: Reply(), iterations=2)
    assert harness.paths == ["/a", "/a"]


def test_a_condition_that_can_never_be_evaluated_is_the_failure_of_the_poll() -> None:
    harness = performed([{**POLL, "until": "nobody.name", "within": "4s"}, "b"])
    batch = harness.seal()
    assert harness.paths == ["/a", "/a", "/b"]
    assert kinds(batch, 2) == {(0, ""): 1, (0, "template"): 1, (1, ""): 1}
    assert [row[:3] for row in transactions(harness, batch)] == [("a", "template", 1)]


@pytest.mark.parametrize("cuts", [False, True])
def test_a_poll_that_is_ended_between_two_requests_is_not_counted(cuts: bool) -> None:
    harness = performed([POLL], until=500 * MS)
    harness.users.cut() if cuts else harness.stop(S)
    batch = harness.seal()
    assert transactions(harness, batch) == []
    assert kinds(batch, 1) == {(0, ""): 1}
    assert user_time(batch)[1:3] == [10 * MS, 490 * MS]


RETRY = {"attempts": 3, "delay": "500ms", "backoff": 2, "on": ["connect", "timeout", "5xx", 409]}


def retried(replies: list[Reply], **step: Any) -> UserHarness:
    waiting = iter(replies)
    behavior = [{"transaction": "t", "steps": [{"action": "a", "retry": RETRY, **step}]}]
    return performed(behavior, lambda r: next(waiting), think_time="1s")


@pytest.mark.parametrize(
    ("replies", "kind", "sent", "ends"),
    [
        ([Reply()], "", 1, 10),
        ([Reply(500), Reply()], "", 2, 520),
        ([Reply(503), Reply(409), Reply()], "", 3, 1530),
        ([Reply(503), Reply(503), Reply(503)], "status", 3, 1530),
        ([Reply(404)], "status", 1, 10),
        ([Reply(kind="reset")], "reset", 1, 10),
        ([Reply(kind="connect", is_sent=False), Reply(kind="timeout"), Reply()], "", 2, 1530),
    ],
)
def test_attempts_are_one_sample_whose_messages_are_all_counted(
    replies: list[Reply], kind: str, sent: int, ends: int
) -> None:
    harness = retried(replies)
    batch = harness.seal()
    assert len(harness.paths) == len(replies)
    assert kinds(batch, 1) == {(0, kind): 1}
    assert (counter(batch, "sent"), counter(batch, "retried"), counter(batch, "unsent")) == (sent, sent - 1, 0)
    assert transactions(harness, batch) == [("t", kind, 1, ends, ends)]
    times = user_time(batch)
    assert times[1] == 10 * MS * len(replies), "the wait between two attempts is no request"
    assert times[0] - times[1] == times[2]


def test_an_attempt_that_was_never_sent_makes_the_sample_unsent_only_if_none_was() -> None:
    batch = retried([Reply(kind="connect", is_sent=False)] * 3).seal()
    assert (counter(batch, "sent"), counter(batch, "retried"), counter(batch, "unsent")) == (0, 0, 1)


def test_a_stop_between_two_attempts_leaves_the_failure_of_the_first() -> None:
    harness = UserHarness({"behavior": [{"action": "a", "retry": RETRY}]}, ACTIONS, lambda r: Reply(500))
    harness.start()
    harness.run_until(100 * MS)
    harness.stop(5 * S)
    batch = harness.seal()
    assert kinds(batch, 1) == {(0, "status"): 1}
    assert harness.ended == [(0, 0, 0, False)]
    assert (counter(batch, "sent"), harness.recorder.begun) == (1, 1)


def test_a_cut_between_two_attempts_counts_what_was_sent_as_interrupted() -> None:
    harness = UserHarness({"behavior": [{"action": "a", "retry": RETRY}]}, ACTIONS, lambda r: Reply(500))
    harness.start()
    harness.run_until(100 * MS)
    harness.users.cut()
    batch = harness.seal()
    assert kinds(batch, 1) == {}
    assert (counter(batch, "sent"), counter(batch, "interrupted"), harness.recorder.begun) == (1, 1, 1)
    assert user_time(batch) == [100 * MS, 10 * MS, 90 * MS, 0]


def test_a_stop_that_comes_in_the_back_off_moves_the_user_to_the_stopping_ones() -> None:
    group = {"behavior": [{"action": "a", "retry": RETRY}], "stop_at": "iteration"}
    harness = UserHarness(group, ACTIONS, lambda r: Reply(500))
    harness.start()
    harness.run_until(100 * MS)
    harness.stop(9 * S)
    harness.run_until(8 * S)
    assert len(harness.paths) == 3
    assert user_time(harness.seal()) == [100 * MS, 10 * MS, 90 * MS, 1430 * MS]
