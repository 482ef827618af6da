"""Loops, branches, choices, pauses and variables do what their plan says, and what fails in them is counted."""

from collections import Counter
from typing import Any

import pytest
from agent_harness import MS, Reply, S, UserHarness, counter, kinds, user_time

from gradual_agent.http.request import HttpRequest
from gradual_common.protocol.batch import START_LAG

ACTIONS = {name: {"url": f"/{name}"} for name in "abc"} | {
    "list": {"url": "/list/{{ responses.list.json.next if responses.list is defined else 0 }}"},
    "total": {"url": "/total/{{ total }}"},
}


def performed(behavior: list[Any], until: int = S, **group: Any) -> UserHarness:
    """One user that performs its behaviour once, unless the group says otherwise."""
    harness = UserHarness({"behavior": behavior, "iterations": 1, **group}, ACTIONS)
    harness.start()
    harness.run_until(until)
    return harness


@pytest.mark.parametrize(
    ("step", "paths"),
    [
        ({"repeat": 3, "steps": ["a", "b"]}, ["/a", "/b"] * 3),
        ({"repeat": 0, "steps": ["a"]}, []),
        ({"repeat": "{{ 1 + 1 }}", "steps": ["a"]}, ["/a", "/a"]),
        ({"repeat": "vu.slot + 2", "steps": ["a"]}, ["/a", "/a"]),
        ({"repeat": 2, "steps": ["a", {"repeat": 2, "steps": ["b"]}]}, ["/a", "/b", "/b"] * 2),
        ({"while": "vu.iteration == 0", "max": 3, "steps": ["a"]}, ["/a"] * 3),
        ({"while": "false", "max": 3, "steps": ["a"]}, []),
        ({"if": "{{ vu.slot == 0 }}", "steps": ["a"], "else": ["b"]}, ["/a"]),
        ({"if": "vu.slot == 1", "steps": ["a"], "else": ["b", "c"]}, ["/b", "/c"]),
        ({"if": "vu.slot == 1", "steps": ["a"]}, []),
        ({"choose": [{"weight": 0, "steps": ["a"]}, {"weight": 1, "steps": ["b"]}]}, ["/b"]),
        ({"transaction": "t", "steps": ["a", {"transaction": "u", "steps": ["b"]}]}, ["/a", "/b"]),
    ],
)
def test_what_is_performed(step: dict[str, Any], paths: list[str]) -> None:
    harness = performed(["c", step, "c"])
    assert harness.paths == ["/c", *paths, "/c"]
    assert harness.ended == [(0, 0, 0, True)]


def test_a_range_is_drawn_anew_by_each_user_and_all_its_numbers_occur() -> None:
    lengths = Counter[int]()
    for slot in range(60):
        harness = UserHarness({"behavior": [{"repeat": "2-4", "steps": ["a"]}], "iterations": 1}, ACTIONS)
        harness.start(ordinal=slot)
        harness.run_until(S)
        lengths[len(harness.paths)] += 1
    assert set(lengths) == {2, 3, 4}


def test_a_loop_follows_the_pages_of_a_list_to_the_last() -> None:
    def answer(request: HttpRequest) -> Reply:
        page = int(request.target.rsplit("/", 1)[1])
        return Reply(body=b'{"next": %d}' % (page + 1) if page < 3 else b'{"next": null}')

    pages = {"while": "{{ responses.list.json.next }}", "max": 20, "steps": [{"action": "list", "name": "list"}]}
    first = {"action": "list", "name": "list"}
    harness = UserHarness({"behavior": [first, pages], "iterations": 1}, ACTIONS, answer)
    harness.start()
    harness.run_until(S)
    assert harness.paths == ["/list/0", "/list/1", "/list/2", "/list/3"]
    assert kinds(harness.seal(), 2) == {(0, ""): 4}


def test_weights_dealt_in_turn_hold_exactly_for_one_user_and_for_the_users_of_one_instant() -> None:
    choice = {
        "choose": [{"weight": w, "steps": [name]} for w, name in ((0.7, "a"), (0.2, "b"), (0.1, "c"))],
        "by": "round",
    }
    one = performed([choice], iterations=20)
    assert Counter(one.paths) == {"/a": 14, "/b": 4, "/c": 2}
    firsts = Counter[str]()
    for slot in range(10):
        harness = UserHarness({"behavior": [choice], "iterations": 1}, ACTIONS)
        harness.start(ordinal=slot)
        harness.run_until(S)
        firsts.update(harness.paths)
    assert firsts == {"/a": 7, "/b": 2, "/c": 1}


def test_random_weights_hold_within_three_standard_errors() -> None:
    weights = {"/a": 70, "/b": 20, "/c": 10}
    choice = {"choose": [{"weight": w, "steps": [path[1:]]} for path, w in weights.items()]}
    harness = performed([choice], until=100 * S, iterations=3000)
    counts = Counter(harness.paths)
    assert counts.total() == 3000
    for path, weight in weights.items():
        share = weight / 100
        assert abs(counts[path] - 3000 * share) <= 3 * (3000 * share * (1 - share)) ** 0.5


def test_the_same_seed_chooses_the_same_and_another_user_otherwise() -> None:
    choice = {"choose": [{"weight": 1, "steps": ["a"]}, {"weight": 1, "steps": ["b"]}]}
    runs = []
    for slot in (0, 0, 1):
        harness = UserHarness({"behavior": [choice], "iterations": 30}, ACTIONS)
        harness.start(ordinal=slot)
        harness.run_until(S)
        runs.append(harness.paths)
    assert runs[0] == runs[1] != runs[2]


def test_a_sleep_is_added_to_the_think_time_and_is_thinking() -> None:
    harness = performed([{"action": "a", "think_time": "100ms"}, {"sleep": "200ms"}, "b"])
    assert harness.sent == [(0, "/a"), (310, "/b")]
    assert user_time(harness.seal())[1:3] == [20 * MS, 300 * MS]


def test_an_iteration_that_only_sleeps_is_not_empty() -> None:
    harness = performed([{"if": "vu.slot == 1", "steps": ["a"]}, {"sleep": "100ms"}], iterations=3)
    assert harness.seal().iterations.sum(axis=(0, 1)).tolist() == [3, 0]


def test_variables_are_set_in_order_and_the_next_iteration_does_not_see_them() -> None:
    behavior = [
        {"if": "total is defined", "steps": ["c"]},
        {"set": {"a": "{{ 20 }}", "total": "{{ a + vu.iteration }}"}},
        "total",
    ]
    harness = performed(behavior, iterations=2)
    assert harness.paths == ["/total/20", "/total/21"]


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ({"if": "nobody.name", "steps": ["a"], "else": ["b"]}, "if"),
        ({"while": "nobody.name", "max": 3, "steps": ["a"]}, "while"),
        ({"repeat": "{{ 'many' }}", "steps": ["a"]}, "repeat"),
        ({"repeat": "-1 * 3", "steps": ["a"]}, "repeat"),
        ({"set": {"x": "{{ nobody.name }}"}}, "set"),
        ({"set": {"x": "{{ nobody.name }}"}, "name": "sum"}, "sum"),
    ],
)
def test_an_expression_that_fails_is_one_unsent_failure_and_the_iteration_goes_on(
    step: dict[str, Any], name: str
) -> None:
    harness = performed([step, "c"])
    numbers = {series.name: series.number for series in harness.index.steps}
    batch = harness.seal()
    assert harness.paths == ["/c"]
    assert kinds(batch, len(harness.index.steps)) == {(numbers[name], "template"): 1, (numbers["c"], ""): 1}
    assert counter(batch, "unsent", numbers[name]) == 1
    assert [failure.kind for failure in harness.failures] == ["template"]
    assert harness.recorder.begun == 2


def test_a_loop_that_never_waits_gives_the_loop_its_turn() -> None:
    harness = performed([{"repeat": 1000, "steps": [{"set": {"x": 1}}]}, "a"])
    histograms = harness.seal().histograms
    turns = histograms.stats[histograms.keys[:, 1] == START_LAG]
    assert turns[:, 0].tolist() == [3], "one turn in each 256 passes"


@pytest.mark.parametrize(
    ("on_failure", "paths"),
    [
        ("continue", ["/a", "/b"] * 2),
        ("end_iteration", ["/a", "/a"]),
    ],
)
def test_a_failed_step_ends_as_much_as_it_says(on_failure: str, paths: list[str]) -> None:
    steps = [{"repeat": 1, "steps": [{"action": "a", "on_failure": on_failure}]}, "b"]
    harness = UserHarness(
        {"behavior": steps, "iterations": 2}, ACTIONS, lambda r: Reply(500 if r.target == "/a" else 200)
    )
    harness.start()
    harness.run_until(S)
    assert harness.paths == paths
    assert harness.seal().iterations.sum(axis=(0, 1)).tolist() == [2, 0]
    assert harness.ended == [(0, 0, 0, True)]


def test_a_user_that_gives_up_runs_on_stop_and_a_new_one_takes_its_slot() -> None:
    answers = iter([Reply(500)])
    group = {"on_start": ["c"], "behavior": [{"action": "a", "on_failure": "end_user"}, "b"], "on_stop": ["total"]}
    harness = UserHarness(
        {**group, "iterations": 1},
        {**ACTIONS, "total": {"url": "/bye"}},
        lambda r: next(answers, Reply()) if r.target == "/a" else Reply(),
    )
    harness.start()
    harness.run_until(990 * MS)
    assert harness.active == 1, "the seat stays counted"
    harness.run_until(3 * S)
    assert harness.paths == ["/c", "/a", "/bye", "/c", "/a", "/b", "/bye"]
    assert harness.sent[3][0] == harness.sent[2][0] + 10 + 1000
    assert harness.ended == [(0, 0, 0, True)]


@pytest.mark.parametrize("hands_over", [False, True])
def test_a_user_that_gives_up_while_it_is_asked_to_stop_is_not_replaced(hands_over: bool) -> None:
    group = {"behavior": [{"action": "a", "on_failure": "end_user"}], "on_stop": ["b"]}
    harness = UserHarness(group, ACTIONS, lambda r: Reply(500, delay=100 * MS))
    harness.start()
    harness.run_until(150 * MS)
    assert harness.paths == ["/a", "/b"]
    harness.stop(5 * S, hands_over=hands_over)
    harness.run_until(10 * S)
    assert harness.paths == ["/a", "/b"]
    assert harness.ended == [(0, 0, 0, False)]
    assert harness.active == harness.stopping == 0


def test_a_run_is_aborted_with_the_step_that_says_so() -> None:
    step = {"action": "a", "on_failure": "abort_run"}
    harness = UserHarness({"behavior": [step, "b"]}, ACTIONS, lambda r: Reply(500))
    harness.start()
    harness.run_until(500 * MS)
    assert harness.aborts == ["the step 'a' failed in the group 'g0'"]
    assert harness.paths == ["/a"]


@pytest.mark.parametrize(
    "behavior",
    [
        [{"repeat": 9, "steps": [{"action": "a", "think_time": "1s"}]}],
        [{"while": "true", "max": 9, "steps": ["a", {"sleep": "1s"}]}],
        [{"transaction": "t", "steps": [{"if": "true", "steps": ["a"]}, {"sleep": "1s"}, "b"]}],
        [{"poll": "a", "until": "false", "every": "1s", "within": "1m"}],
        [{"choose": [{"weight": 1, "steps": [{"action": "a", "think_time": "1s"}, "b"]}]}],
    ],
)
def test_a_stop_ends_a_user_at_once_in_the_middle_of_a_wait(behavior: list[Any]) -> None:
    harness = UserHarness({"behavior": behavior}, ACTIONS)
    harness.start()
    harness.run_until(500 * MS)
    harness.stop(5 * S)
    assert harness.ended == [(0, 0, 0, False)]
    assert harness.paths == ["/a"]
    assert sum(user_time(harness.seal())[1:3]) == 500 * MS


def test_a_user_that_must_stop_in_a_request_does_not_think_first() -> None:
    harness = UserHarness({"behavior": [{"action": "a", "think_time": "9s"}, "b"]}, ACTIONS)
    harness.start()
    harness.stop(30 * S)
    harness.run_until(20 * MS)
    assert harness.ended == [(0, 0, 0, False)]
    assert harness.paths == ["/a"]
