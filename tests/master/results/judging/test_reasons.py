"""A reason fits a line: numbers with their whole, agents by their names, the many counted."""

from made_evidence import evidence_of

from gradual_master.results.judging import reasons
from gradual_master.results.judging.fleet import Loss
from gradual_master.results.judging.littles_law import WindowGap


def test_of_many_agents_the_first_five_are_named() -> None:
    losses = tuple(Loss(f"agent-{number}", 10, 9) for number in range(8))
    said = reasons.loss(evidence_of(begun=80, merged=72, losses=losses))
    assert said.startswith(
        "at least 8 of 80 requests begun were never reported (10%): agent-0 1 (begun at least 10, merged 9), agent-1"
    )
    assert said.endswith("agent-4 1 (begun at least 10, merged 9) and 3 more")


def test_without_names_there_is_no_list() -> None:
    said = reasons.loss(evidence_of(begun=80, merged=72))
    assert said == "at least 8 of 80 requests begun were never reported (10%)"


def test_more_bad_windows_than_the_worst_are_counted() -> None:
    gap = WindowGap("a", 0, 10, 60, 0.5)
    said = "a was late for 50% of its users' time from 0 s to 10 s (Little's law)"
    assert reasons.window(gap, 1) == said
    assert reasons.window(gap, 2) == f"{said}; 1 more window like it"
    assert reasons.window(gap, 30) == f"{said}; 29 more windows like it"
