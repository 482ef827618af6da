"""A place opens when enough users of working agents wait for its present round, and every agent is told."""

from types import SimpleNamespace
from typing import Any

import pytest

from gradual_common.errors import WireError
from gradual_common.protocol.messages import Waiting
from gradual_master.coordination.rendezvous import MeetingPoints


class Sent:
    """Takes what is sent: (agent, rounds)."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, tuple[int, ...]]] = []

    def send(self, agent: Any, message: Any) -> None:
        self.messages.append((agent.id, message.rounds))

    def take(self) -> list[tuple[str, tuple[int, ...]]]:
        taken, self.messages = self.messages, []
        return taken


class Table:
    """A table with the places of `sizes`, and agents a, b, c."""

    def __init__(self, *sizes: int) -> None:
        self.sent = Sent()
        self.working = [SimpleNamespace(id=name) for name in "abc"]
        fleet: Any = SimpleNamespace(working=lambda: self.working)
        terms: Any = SimpleNamespace(meetings=sizes)
        self.points = MeetingPoints(terms, fleet, self.sent)  # type: ignore[arg-type]  # only what is sent

    def report(self, name: str, *reports: tuple[int, int, int]) -> list[tuple[str, tuple[int, ...]]]:
        agent: Any = SimpleNamespace(id=name)
        self.points.receive(agent, tuple(Waiting(*report) for report in reports))
        return self.sent.take()


def test_it_opens_for_all_when_the_users_of_all_agents_are_enough() -> None:
    table = Table(5)
    assert table.report("a", (0, 0, 2)) == []
    assert table.report("b", (0, 0, 2)) == []
    assert table.report("a", (0, 0, 1)) == [], "one of them gave up"
    assert table.report("c", (0, 0, 2)) == [("a", (1,)), ("b", (1,)), ("c", (1,))]


def test_a_report_of_a_past_round_counts_for_nothing_and_is_answered() -> None:
    table = Table(2)
    assert table.report("a", (0, 0, 2))
    assert table.report("b", (0, 0, 2)) == [("b", (1,))], "it does not know that the place was opened"
    assert table.report("b", (0, 1, 1)) == []
    assert table.report("c", (0, 1, 1)) == [("a", (2,)), ("b", (2,)), ("c", (2,))]


def test_the_users_of_a_lost_agent_wait_nowhere() -> None:
    table = Table(3)
    table.report("a", (0, 0, 2))
    table.working = table.working[1:]
    assert table.report("b", (0, 0, 1)) == []
    assert table.report("b", (0, 0, 3)) == [("b", (1,)), ("c", (1,))]


def test_places_are_apart() -> None:
    table = Table(2, 2)
    assert table.report("a", (0, 0, 1), (1, 0, 1)) == []
    assert table.report("b", (1, 0, 1)) == [(name, (0, 1)) for name in "abc"]


@pytest.mark.parametrize("report", [(1, 0, 1), (0, 1, 1)])
def test_a_place_or_a_round_that_there_is_not_is_refused(report: tuple[int, int, int]) -> None:
    with pytest.raises(WireError, match="which there is not"):
        Table(2).report("a", report)
