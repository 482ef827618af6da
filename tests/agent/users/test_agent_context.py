"""Whatever is raised while a step is built, sent, judged or read is a failure of that step, and nothing vanishes."""

import ssl
from collections.abc import Callable
from typing import Any

import pytest
from agent_harness import MS, Failure, Reply, S, UserHarness, counter, kinds, user_time
from structlog.testing import capture_logs

from gradual_agent.kinds.assertions import Assertions
from gradual_agent.kinds.extraction import Extractor
from gradual_agent.kinds.http.engine import HttpAction
from gradual_agent.recording.group_meter import GroupMeter
from gradual_agent.users import step_runner
from gradual_agent.users.context import INTERNAL, detail_of, kind_of
from gradual_agent.users.knowledge import Knowledge
from gradual_common.errors import RequestError, TemplateError
from gradual_common.kinds.failures import KIND
from gradual_common.protocol.batch_checks import check_batch
from gradual_common.templates.templates import Condition


def raising(*errors: Exception | None) -> Callable[..., Any]:
    """Raises what is given, one after the other, then nothing."""
    turn = iter(errors)

    def raise_next(*_: Any, **__: Any) -> Any:
        if (error := next(turn, None)) is not None:
            raise error

    return raise_next


def adds_up(harness: UserHarness) -> dict[tuple[int, str], int]:
    """Every step that began ended as one of success, failure and interrupted; its outcomes."""
    batch = harness.seal()
    check_batch(batch)
    outcomes = kinds(batch, len(harness.index.steps))
    sent, unsent, cut = (counter(batch, name) for name in ("sent", "unsent", "interrupted"))
    assert harness.recorder.begun == sum(outcomes.values()) + cut
    assert sent == sum(outcomes.values()) - unsent + cut
    active, in_request, thinking, stopping = user_time(batch)
    assert in_request + thinking <= active + stopping
    return outcomes


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("ours"), RecursionError("deep"), MemoryError(), OverflowError("wide"), KeyError("absent"),
     UnicodeError("odd"), StopIteration(), AssertionError()],
)  # fmt: skip
def test_a_step_whose_fetch_raises_has_failed_as_internal_and_its_user_goes_on(error: Exception) -> None:
    outcomes = iter([error, Reply(), Reply()])

    def script(request: object) -> Reply:
        if isinstance(outcome := next(outcomes), Exception):
            raise outcome
        return outcome

    harness = UserHarness(
        {"behavior": [{"action": "login", "think_time": "5s"}, "browse"], "iterations": 1}, script=script
    )
    harness.start()
    harness.run_until(10 * S)
    assert harness.sent == [(0, "/login"), (5000, "/browse")]
    assert harness.engine.clients[0].is_cut, "the state of its connections is unknown"
    assert harness.failures == [Failure(0, "internal", 0, None, None)]
    assert adds_up(harness) == {(0, "internal"): 1, (1, ""): 1}
    assert harness.ended == [(0, 0, 0, True)]


def test_what_reached_the_system_follows_from_the_bytes_and_not_from_the_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Assertions, "judge", raising(ZeroDivisionError("ours")))
    actions = {"login": {"url": "/login", "assertions": [{"status_code": 200}]}}
    harness = UserHarness({"behavior": ["login"], "iterations": 1}, actions=actions)
    harness.start()
    harness.run_until(S)
    batch = harness.seal()
    assert kinds(batch, 1) == {(0, "internal"): 1}
    assert (counter(batch, "sent"), counter(batch, "unsent")) == (1, 0)
    assert batch.statuses.tolist() == [[0, 0, KIND["internal"], 200, 1]], "its response had come, and its times count"
    assert harness.failures[0].target == "/login", "what was sent is shown"


@pytest.mark.parametrize(
    ("owner", "name", "errors", "outcomes"),
    [
        (HttpAction, "perform", (TypeError("built"),), {"internal": 1, "": 1}),
        (Assertions, "judge", (ValueError("judged"),), {"internal": 1, "": 1}),
        (Extractor, "extract", (KeyError("read"),), {"internal": 1, "": 1}),
        (Condition, "holds", (RuntimeError("condition"),), {"internal": 1, "": 1}),
        (HttpAction, "perform", (TemplateError("{{ of its kind }}"),), {"template": 1, "": 1}),
        (Condition, "holds", (TemplateError("{{ of its kind }}"),), {"template": 1, "": 1}),
        (HttpAction, "perform", (RequestError("of its kind"),), {"template": 1, "": 1}),
        (HttpAction, "perform", (ssl.SSLError("of its kind"),), {"tls": 1, "": 1}),
    ],
)
def test_wherever_a_step_raises_it_is_counted_once(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, errors: tuple[Exception, ...], outcomes: dict[str, int]
) -> None:
    real, raise_next = getattr(owner, name), raising(*errors)

    def wrapped(*arguments: Any) -> Any:
        raise_next()
        return real(*arguments)

    actions = {
        "login": {
            "url": "/",
            "assertions": [{"status_code": 200}],
            "extract": {"a": {"from": "header: A", "default": 1}},
        }
    }
    harness = UserHarness(
        {"behavior": [{"action": "login", "condition": "true", "think_time": "1s"}], "iterations": 2}, actions=actions
    )
    monkeypatch.setattr(owner, name, wrapped)
    harness.start()
    harness.run_until(10 * S)
    assert adds_up(harness) == {(0, kind): count for kind, count in outcomes.items()}
    assert harness.ended == [(0, 0, 0, True)]


def test_a_think_time_that_cannot_be_drawn_fails_the_step_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = UserHarness({"behavior": [{"action": "login", "think_time": "1-2s"}, "browse"], "iterations": 1})
    monkeypatch.setattr(Knowledge, "random", property(raising(OverflowError("drawn"))))
    harness.start()
    harness.run_until(S)
    assert adds_up(harness) == {(0, "internal"): 1, (1, ""): 1}
    assert harness.paths == ["/login", "/browse"]


def test_a_later_step_sees_that_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpAction, "perform", raising_once(HttpAction.perform))
    steps = ["login", {"action": "browse", "condition": "response.error == 'internal' and response.status == 'error'"}]
    harness = UserHarness({"behavior": steps, "iterations": 1})
    harness.start()
    harness.run_until(S)
    assert adds_up(harness) == {(0, "internal"): 1, (1, ""): 1}


def raising_once(real: Callable[..., Any]) -> Callable[..., Any]:
    """Raises at the first call."""
    raise_next = raising(ZeroDivisionError())

    def wrapped(*arguments: Any) -> Any:
        raise_next()
        return real(*arguments)

    return wrapped


def test_in_on_start_it_ends_the_user_and_a_new_one_takes_the_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpAction, "perform", raising_once(HttpAction.perform))
    harness = UserHarness({"on_start": ["login"], "behavior": ["browse"], "iterations": 1})
    harness.start()
    harness.run_until(3 * S)
    assert harness.sent == [(1000, "/login"), (1010, "/browse")]
    assert adds_up(harness) == {(0, "internal"): 1, (0, ""): 1, (1, ""): 1}


@pytest.mark.parametrize(
    ("owner", "name", "outcomes"),
    [
        (step_runner, "keep_response", {(0, ""): 3, (0, "internal"): 1}),
        (GroupMeter, "begin_thinking", {(0, ""): 3, (0, "internal"): 1}),
        (GroupMeter, "finish_iteration", {(0, ""): 3, (0, "internal"): 1}),
    ],
)
def test_a_bug_between_steps_is_one_more_failed_step_and_the_slot_is_filled_again(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, outcomes: dict[tuple[int, str], int]
) -> None:
    steps = [{"action": "login", "think_time": "1s", "condition": "response.status == 'none'"}]
    harness = UserHarness({"behavior": steps, "iterations": 2})
    monkeypatch.setattr(owner, name, raising_once(getattr(owner, name)))
    harness.start()
    harness.run_until(20 * S)
    assert adds_up(harness) == outcomes
    assert harness.engine.clients[0].is_cut
    assert harness.ended == [(0, 0, 0, True)]
    assert [failure.kind for failure in harness.failures] == ["internal"]


@pytest.mark.parametrize("step", [{"sleep": "1s"}, {"choose": [{"weight": 1, "steps": []}]}, {"set": {"x": 1}}])
def test_users_that_only_wait_have_no_samples_but_a_bug_in_them_counts(
    monkeypatch: pytest.MonkeyPatch, step: dict[str, Any]
) -> None:
    harness = UserHarness({"behavior": [step], "iterations": 2})
    monkeypatch.setattr(GroupMeter, "begin_thinking", raising_once(GroupMeter.begin_thinking))
    harness.start()
    harness.run_until(20 * S)
    assert adds_up(harness) == {(0, "internal"): 1}
    assert harness.ended == [(0, 0, 0, True)]
    assert [series.name for series in harness.index.steps] == [next(iter(step))]


def test_a_client_that_cannot_even_be_cut_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = UserHarness({"behavior": ["login"], "iterations": 1}, script=raising_once(lambda request: Reply()))
    monkeypatch.setattr("agent_harness.FakeClient.cut", raising(RuntimeError("cut")))
    harness.start()
    harness.run_until(1500 * MS)
    assert adds_up(harness) == {(0, "internal"): 1, (0, ""): 1}
    assert len(harness.engine.clients) == 2, "a new one, a second later"


def test_the_first_traceback_of_each_kind_and_step_is_logged() -> None:
    errors = iter([KeyError("a"), KeyError("b"), ValueError("c"), KeyError("d")])

    def script(request: object) -> Reply:
        raise next(errors)

    with capture_logs() as logs:
        harness = UserHarness({"behavior": ["login", "browse"], "iterations": 2, "think_time": "1s"}, script=script)
        harness.start()
        harness.run_until(5 * S)
    assert [(entry["step"], str(entry["exc_info"])) for entry in logs] == [
        ("login", "'a'"), ("browse", "'b'"), ("login", "c"),
    ]  # fmt: skip
    assert {entry["group"] for entry in logs} == {"g0"}


def test_a_detail_names_the_exception_and_its_place() -> None:
    with pytest.raises(KeyError) as caught:
        raising(KeyError("absent"))()
    assert detail_of(caught.value).startswith("KeyError: 'absent' (test_agent_context.py:")
    assert len(detail_of(ValueError("x" * 10_000))) < 300
    assert kind_of(ValueError()) == INTERNAL == KIND["internal"]
