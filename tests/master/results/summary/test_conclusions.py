"""A mistake in the analysis is a warning, and loses nothing that was measured."""

from dataclasses import replace
from typing import Any

import pytest
from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of

from gradual_common.plan.model.plan import Plan
from gradual_master.results.summary.conclusions import INVALID, Conclusions, bug_text
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

RAMP = schedule_of((2, 1), (4, 2))


def summary_of(plan: Plan) -> Summary:
    aggregate = aggregate_of(plan, RAMP)
    for second in range(4):
        stretch = Stretch(second // 2, second * S, (second + 1) * S, [(0, "", 10 * MS)] * 20)
        aggregate.merge("a", batch_of(second + 1, second, stretch))
    return build_summary(aggregate, fleet_of(agent("a")), run_of(duration_s=4.0))


@pytest.mark.parametrize("part", ["scalability_of", "answer_of", "holding_sentences"])
def test_a_mistake_in_the_analysis_is_said_and_the_measurements_are_kept(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("Singular matrix")

    sound = summary_of(plan_of())
    monkeypatch.setattr(f"gradual_master.results.summary.conclusions.{part}", broken)
    found = summary_of(plan_of())
    (said,) = set(found.verdict.warnings) - set(sound.verdict.warnings)
    assert said.startswith("the analysis failed: ValueError: Singular matrix (test_conclusions.py, line ")
    assert said.endswith("; this is a bug in Gradual, and the measurements are complete")
    assert found.analysis.answer == ()
    assert found.analysis.scalability is None
    for section in ("totals", "levels", "actions", "groups", "fleet"):
        assert getattr(found, section) == getattr(sound, section)
    assert found.verdict.status == sound.verdict.status
    assert found.verdict.reasons == sound.verdict.reasons
    assert found.analysis.littles_law == sound.analysis.littles_law


def test_the_text_of_a_mistake_names_its_line() -> None:
    with pytest.raises(ValueError, match="a dozen") as caught:
        int("a dozen")
    assert bug_text(caught.value).startswith("ValueError: invalid literal for int() with base 10: 'a dozen' (test_conc")


def test_an_answer_of_an_invalid_run_says_so_first() -> None:
    found = Conclusions(("It holds 40 users.",))
    assert found.answer_of("invalid") == (INVALID, "It holds 40 users.")
    assert found.answer_of("failed") == found.answer_of("passed") == ("It holds 40 users.",)
    assert Conclusions().answer_of("invalid") == ()
    assert replace(found, is_doubted=True).answer_of("invalid") == ("It holds 40 users.",)
