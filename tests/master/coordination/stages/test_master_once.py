"""Set-up and teardown in the master's core: begun once, on one agent, whatever becomes of it."""

from typing import Any

import pytest
from fleet_model import CoreRun, S, batch_of, finish, id_of, notes_text, only, orders_in, sent, three_levels

from gradual_common.language.document import ONCE
from gradual_common.protocol.messages import Confirm, Goodbye, OnceReport
from gradual_master.coordination.events import CloseInterval, Provide, Stop, Tick
from gradual_master.coordination.journal import OnceBegun, OnceEnded
from gradual_master.coordination.lifecycle import State
from gradual_master.results.facts import OnceFacts

TOKEN = b'{"token":"t-1"}'


def run_of(*once: Any, **terms: Any) -> CoreRun:
    return three_levels(once=once or ONCE, **terms)


def setting_up(*once: Any, **terms: Any) -> CoreRun:
    """Two agents have stored the plan, and `a` performs the set-up."""
    run = run_of(*once, **terms)
    for name in "ab":
        run.greet(name)
    for name in "ab":
        run.send(name, confirm=Confirm(0, 0, 1))
    assert run.core.state is State.SETTING_UP
    return run


def report(section: str = "setup", failure: str = "", variables: bytes = b"") -> OnceReport:
    return OnceReport(section, batch_of(1, 0, last=True), variables, failure)


def told(run: CoreRun, name: str) -> list[tuple[str, bytes]]:
    """The sections that an agent was told to perform on its last stream."""
    messages = sent(run.instructions, run.streams[name])
    return [(message.once.section, message.once.variables) for message in messages if message.once is not None]


def is_recalled(run: CoreRun, name: str) -> bool:
    """Whether an agent was told on its last stream to perform nothing more."""
    return any(message.once.ends for message in sent(run.instructions, run.streams[name]) if message.once is not None)


def to_running(run: CoreRun) -> None:
    for name in "ab":
        run.send(name, confirm=Confirm(0, 0, 2))
    for name in "ab":
        run.send(name, confirm=Confirm(1, 1, 2))
    assert run.core.state is State.RUNNING
    run.start = orders_in(run.instructions, run.streams["a"]).start


def drained(run: CoreRun) -> None:
    """The schedule is over, and all last batches are here."""
    run.wait_until(run.start + 31 * S, "a", "b")
    finish(run, "ab")


def test_the_set_up_begins_when_every_agent_has_the_plan_and_the_load_waits_for_it() -> None:
    run = run_of()
    run.greet("a")
    run.greet("b")
    run.send("b", confirm=Confirm(0, 0, 1))
    assert (run.core.state, told(run, "b")) == (State.PROVISIONING, [])
    run.send("a", confirm=Confirm(0, 0, 1))
    assert (told(run, "a"), told(run, "b")) == ([("setup", b"")], [])
    run.wait(100, "a", "b")
    assert run.core.state is State.SETTING_UP, "a set-up may take long"
    assert not any(message.orders for message in sent(run.instructions, 1))


def test_that_it_begins_is_in_the_journal_before_it_is_sent() -> None:
    run = run_of()
    run.greet("a")
    run.greet("b")
    run.send("b", confirm=Confirm(0, 0, 1))
    seen: list[Any] = []
    commit = run.journal.commit
    run.journal.commit = lambda entries: (seen.append(len(run.core._out._given)), commit(entries))[1]  # type: ignore[method-assign]
    instructions = run.send("a", confirm=Confirm(0, 0, 1))
    assert OnceBegun("setup", id_of("a")) in run.journal.decisions
    assert max(seen) < len(instructions)


def test_what_it_extracts_is_provided_to_every_agent_before_the_slots_are_ordered() -> None:
    run = setting_up()
    instructions = run.send("a", once=report(variables=TOKEN))
    assert only(instructions, Provide) == [Provide(id_of("a"), ()), Provide(id_of("b"), ())]
    assert run.core.state is State.PROVISIONING
    run.send("a", confirm=Confirm(0, 0, 2))
    assert run.core.state is State.PROVISIONING
    run.send("b", confirm=Confirm(0, 0, 2))
    assert run.core.state is State.READYING
    to_running(run)
    assert told(run, "a") == [("setup", b"")]


def test_a_set_up_that_extracts_nothing_is_followed_by_the_orders_at_once() -> None:
    run = setting_up()
    assert only(run.send("a", once=report()), Provide) == []
    assert run.core.state is State.READYING


def test_an_agent_that_is_back_is_told_again_until_it_has_reported() -> None:
    run = setting_up()
    run.hang_up("a")
    run.greet("a", 2, run="r1", epoch=1)
    assert told(run, "a") == []
    run.ping("a")
    assert told(run, "a") == [("setup", b"")]
    run.send("a", once=report())
    run.hang_up("a")
    run.greet("a", 3, run="r1", epoch=1)
    run.ping("a")
    run.send("a", once=report())
    assert told(run, "a") == []
    assert run.core.state is State.READYING
    assert run.merged_once == 1


def test_a_set_up_that_fails_ends_the_run_before_any_load_after_the_teardown() -> None:
    run = setting_up()
    run.send("a", once=report(failure="step login failed: status (HTTP 503)", variables=b""))
    assert run.core.state is State.TEARING_DOWN
    assert told(run, "a") == [("setup", b""), ("teardown", b"")]
    run.send("a", once=report("teardown"))
    assert run.core.state is State.FINISHED
    failure = "the set-up failed on agent a: step login failed: status (HTTP 503)"
    assert run.core.failure == failure
    assert run.core.facts().once == (OnceFacts("setup", "a", failure), OnceFacts("teardown", "a", None))
    assert sent(run.instructions, 1)[-1].finish is not None
    assert not any(message.orders for message in sent(run.instructions, 1))


def test_without_a_teardown_a_failed_set_up_ends_the_run_at_once() -> None:
    run = three_levels(once=("setup",))
    for name in "ab":
        run.greet(name)
    for name in "ab":
        run.send(name, confirm=Confirm(0, 0, 1))
    run.send("a", once=report(failure="no"))
    assert run.core.state is State.FINISHED
    assert run.core.facts().once == (OnceFacts("setup", "a", "the set-up failed on agent a: no"),)


@pytest.mark.parametrize("is_killed", [True, False])
def test_a_set_up_whose_agent_is_lost_is_never_begun_again(is_killed: bool) -> None:
    run = setting_up()
    if is_killed:
        run.hang_up("a")
        run.wait(12, "b")
    else:
        run.send("a", goodbye=Goodbye("asked to stop"))
    text = "the set-up failed on agent a: it was lost before it reported the end, and nobody performs it a second time"
    assert run.core.failure == text
    assert told(run, "b") == [("teardown", b"")], "teardown alone, by another agent"
    assert [entry for entry in run.journal.decisions if isinstance(entry, OnceBegun)] == [
        OnceBegun("setup", id_of("a")),
        OnceBegun("teardown", id_of("b")),
    ]


def test_a_report_that_comes_after_its_agent_was_lost_changes_nothing() -> None:
    run = setting_up()
    run.hang_up("a")
    run.wait(12, "b")
    failure = run.core.failure
    run.greet("a", 2, run="r1", epoch=1)
    run.send("a", once=report(variables=TOKEN))
    assert (run.core.failure, run.core.state) == (failure, State.TEARING_DOWN)
    assert run.merged_once == 1, "what was measured counts"


def test_the_teardown_follows_the_last_batches_and_knows_what_the_set_up_extracted() -> None:
    run = setting_up()
    run.send("a", once=report(variables=TOKEN))
    to_running(run)
    run.wait_until(run.start + 31 * S, "a", "b")
    finish(run, "b")
    assert told(run, "a") == [("setup", b"")]
    finish(run, "a")
    assert run.core.state is State.TEARING_DOWN
    assert told(run, "a")[1:] == [("teardown", TOKEN)]
    closed = only(run.instructions, CloseInterval)
    run.wait(20, "a", "b")
    assert only(run.instructions, CloseInterval) == closed, "its time is no interval of the run"
    run.send("a", once=report("teardown"))
    assert run.core.state is State.FINISHED
    assert run.core.failure is None
    assert not any(agent.lost for agent in run.core.facts().agents)
    assert [entry for entry in run.journal.decisions if isinstance(entry, OnceEnded)] == [
        OnceEnded("setup", None),
        OnceEnded("teardown", None),
    ]


def test_a_teardown_alone_follows_the_load() -> None:
    run = three_levels(once=("teardown",))
    run.to_running("a", "b")
    drained(run)
    assert told(run, "a") == [("teardown", b"")]
    run.send("a", once=report("teardown", failure="no"))
    assert run.core.failure is None, "it is a reason, and the run was done"
    assert run.core.facts().once == (OnceFacts("teardown", "a", "the teardown failed on agent a: no"),)
    assert "error: the teardown failed on agent a: no" in notes_text(run)


def test_a_teardown_whose_agent_is_lost_is_a_reason() -> None:
    run = three_levels(once=("teardown",))
    run.to_running("a", "b")
    drained(run)
    run.hang_up("a")
    run.wait(12, "b")
    assert run.core.state is State.FINISHED
    assert told(run, "b") == []
    (facts,) = run.core.facts().once
    assert facts.failure is not None
    assert facts.failure.startswith("the teardown failed on agent a: it was lost")


def test_a_teardown_is_performed_by_another_agent_if_that_of_the_set_up_is_gone() -> None:
    run = setting_up()
    run.send("a", once=report(variables=TOKEN))
    to_running(run)
    run.hang_up("a")
    run.wait_until(run.start + 31 * S, "b")
    finish(run, "b")
    run.wait(5, "b")
    assert told(run, "b") == [("teardown", TOKEN)]


def test_a_run_without_agents_cannot_be_torn_down() -> None:
    run = setting_up(agents_wait=5 * S)
    run.send("a", once=report())
    to_running(run)
    run.hang_up("a")
    run.hang_up("b")
    run.wait(20)
    assert run.core.state is State.FINISHED
    assert run.core.facts().once[1] == OnceFacts(
        "teardown", None, "the teardown failed: it was not performed: no agent is left"
    )


def test_before_the_set_up_there_is_nothing_to_tear_down() -> None:
    run = run_of()
    run.greet("a")
    run.greet("b")
    run.handle(Stop("interrupt"))
    assert run.core.state is State.FINISHED
    assert run.core.facts().once == (OnceFacts("setup", None, None), OnceFacts("teardown", None, None))


def test_a_stop_in_the_set_up_tears_down_and_a_second_one_cuts_the_teardown() -> None:
    run = setting_up()
    run.handle(Stop("interrupt"))
    assert run.core.state is State.TEARING_DOWN
    assert told(run, "a") == [("setup", b""), ("teardown", b"")]
    run.send("a", once=report(failure="it was stopped before its end"))
    run.handle(Tick())
    assert run.core.state is State.TEARING_DOWN
    run.handle(Stop("interrupt"))
    assert (run.core.state, is_recalled(run, "a")) == (State.RECALLING, True)
    run.send("a", once=report("teardown", failure="it was cut"))
    run.handle(Tick())
    assert (run.core.state, run.merged_once) == (State.FINISHED, 2)
    assert [facts.failure for facts in run.core.facts().once] == [
        "the set-up failed on agent a: it was stopped before its end",
        "the teardown failed on agent a: it was cut",
    ]
    assert (run.core.signal, run.core.failure) == ("interrupt", None)


def test_what_a_set_up_without_a_teardown_did_until_a_stop_is_awaited_for_a_moment() -> None:
    for wait, failure in ((1, "it was cut"), (4, "the run ended before it did")):
        run = setting_up("setup")
        run.handle(Stop("interrupt"))
        assert (run.core.state, is_recalled(run, "a")) == (State.RECALLING, True)
        run.wait(wait, "a", "b")
        if run.core.state is State.RECALLING:
            run.send("a", once=report(failure="it was cut"))
            run.handle(Tick())
        assert run.core.state is State.FINISHED
        assert run.core.facts().once == (OnceFacts("setup", "a", f"the set-up failed on agent a: {failure}"),)


def test_an_agent_that_comes_back_is_told_again_to_end_and_one_more_stop_waits_for_nothing() -> None:
    run = setting_up("setup")
    run.handle(Stop("interrupt"))
    run.hang_up("a")
    run.greet("a", 2, run="r1", epoch=1)
    run.ping("a")
    assert is_recalled(run, "a"), "it is told again on its new stream"
    run.handle(Stop("interrupt"))
    assert run.core.state is State.FINISHED


def test_a_run_that_is_stopped_is_torn_down_and_one_that_is_stopped_twice_is_not() -> None:
    for stops, state in ((1, State.TEARING_DOWN), (2, State.FINISHED)):
        run = setting_up()
        run.send("a", once=report())
        to_running(run)
        run.wait(3, "a", "b")
        for _ in range(stops):
            run.handle(Stop("interrupt"))
        finish(run, "ab")
        assert run.core.state is state
    assert run.core.facts().once[1].failure == "the teardown failed: it was not performed: the run was stopped at once"


def test_an_agent_that_reports_what_it_was_not_told_to_perform_is_dropped() -> None:
    run = setting_up()
    run.send("b", once=report())
    assert "it reports a setup that it was not told to perform" in notes_text(run)
    assert run.core.state is State.SETTING_UP
    assert run.merged_once == 0


def test_an_agent_that_joins_while_the_run_is_torn_down_is_refused() -> None:
    run = setting_up()
    run.handle(Stop("interrupt"))
    run.greet("c")
    assert sent(run.instructions, run.streams["c"])[-1].refused is not None


def test_a_run_that_is_stopped_three_times_says_that_it_was_not_torn_down() -> None:
    run = three_levels(once=("teardown",))
    run.to_running("a", "b")
    for _ in range(3):
        run.handle(Stop("interrupt"))
    assert run.core.facts().once[0].failure == "the teardown failed: it was not performed: the run was stopped at once"
