"""The life cycle of a search."""

import pytest

from gradual_master.analysis.capacity.phases import PHASES, SearchEvent, SearchPhase
from gradual_master.coordination.lifecycle import next_state
from gradual_master.errors import IllegalTransitionError


def test_every_phase_is_in_the_table_and_all_but_the_end_can_end() -> None:
    assert set(PHASES) == set(SearchPhase)
    assert {phase for phase, row in PHASES.items() if row.get(SearchEvent.ENDED) is SearchPhase.ENDED} == set(
        SearchPhase
    ) - {SearchPhase.ENDED}


def test_the_end_is_the_end() -> None:
    assert PHASES[SearchPhase.ENDED] == {}


def test_only_a_confirmation_leads_to_recovery() -> None:
    before = {phase for phase, row in PHASES.items() if SearchPhase.RECOVERING in row.values()}
    assert before == {SearchPhase.CONFIRMING, SearchPhase.RECOVERING}


def test_a_wrong_event_is_an_error_that_names_it() -> None:
    with pytest.raises(IllegalTransitionError, match="a search for capacity that is ended cannot be raised"):
        next_state(PHASES, SearchPhase.ENDED, SearchEvent.ROSE, "a search for capacity")
