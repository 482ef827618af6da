"""A place knows who waits for which round; whoever is let go does not wait any more."""

from typing import Any

from gradual_agent.users.shared.places import Places
from gradual_common.protocol.messages import Waiting


class Someone:
    def __init__(self, log: list[Any]) -> None:
        self._log = log

    def come(self) -> None:
        self._log.append(self)


def test_those_who_wait_are_reported_and_let_go_with_the_next_round_in_order() -> None:
    gone: list[Any] = []
    changes: list[None] = []
    places = Places(2, lambda: changes.append(None))
    one, two = Someone(gone), Someone(gone)
    places[1].enter(one)
    places[1].enter(two)
    assert places.reports() == (Waiting(0, 0, 0), Waiting(1, 0, 2))
    places.open([0, 1])
    assert gone == [one, two]
    assert places.reports() == (Waiting(0, 0, 0), Waiting(1, 1, 0))
    assert (places[1].leave(one), len(changes)) == (True, 3)


def test_one_that_leaves_by_itself_was_not_met_and_an_old_round_opens_nothing() -> None:
    gone: list[Any] = []
    places = Places(1)
    places.open([3])
    someone = Someone(gone)
    places[0].enter(someone)
    places.open([3])
    places.open([2])
    assert gone == []
    assert not places[0].leave(someone)
    assert places.reports() == (Waiting(0, 3, 0),)
