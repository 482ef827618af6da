"""Summaries are compared, or refused with every reason; `force` compares what can be compared all the same."""

from typing import Any

import pytest
from compared_runs import runs
from compared_summaries import document, documents, level

from gradual_master.analysis.comparison.compare import RunComparison
from gradual_master.comparing.summaries import compare_summaries
from gradual_master.comparing.variation import variations_of
from gradual_master.errors import SummaryRefusedError


def verdicts_of(result: RunComparison | None) -> dict[str, str]:
    assert result is not None
    return {metric.metric: metric.verdict for metric in result.metrics}


def test_slower_runs_are_worse_and_equal_ones_equivalent() -> None:
    found = compare_summaries(documents("a"), documents("b", 1.15))
    assert (found.refusals, found.notes) == ((), ())
    assert set(verdicts_of(found.result).values()) == {"worse", "equivalent"}, "there were no errors"
    assert set(verdicts_of(compare_summaries(documents("a"), documents("b")).result).values()) == {"equivalent"}


def test_few_runs_take_the_variation_of_the_baseline_and_the_blocks() -> None:
    stored = variations_of(runs("s", 1.0, 1.004, 0.997, 1.001, 0.998, 1.003))
    found = compare_summaries([document("a")], [document("b", 1.3)], stored).result
    assert verdicts_of(found)["p95"] == "worse"
    assert found is not None
    assert found.provisional
    own = compare_summaries(documents("a", runs=3), [document("b", 1.3)]).result
    assert verdicts_of(own)["p95"] == "worse", "three runs of the baseline are a sample of its variation"
    alone = compare_summaries([document("a")], [document("b", 1.3)]).result
    assert verdicts_of(alone)["p95"] == "inconclusive"
    assert alone is not None
    assert "A/A variation" in alone.metrics[0].reason


def test_a_level_with_failures_on_one_side_is_never_equivalent_and_its_error_rate_counts() -> None:
    failing = [level(10), level(20, marks=["failures"], failures=300)]
    candidate = [document(f"b{number}", levels=failing) for number in range(5)]
    found = compare_summaries(documents("a"), candidate).result
    assert verdicts_of(found) == {
        **dict.fromkeys(("throughput", "mean", "p50", "p95", "p99"), "inconclusive"),
        "error_rate": "worse",
    }
    assert found is not None
    assert found.metrics[1].left_out == ("20 users: b0 has no value (more than 5 % of its requests failed)",)


def test_a_level_with_failures_in_all_runs_keeps_no_verdict_back() -> None:
    def side(name: str) -> list[Any]:
        rows = [level(10), level(20, marks=["failures"], failures=300)]
        return [document(f"{name}{number}", levels=rows) for number in range(5)]

    found = compare_summaries(side("a"), side("b")).result
    assert set(verdicts_of(found).values()) == {"equivalent"}
    assert found is not None
    assert found.metrics[1].no_data == ("20 users: no run has a value (more than 5 % of its requests failed)",)
    assert "left out: 20 users: no run has a value" in found.sentences[1]


def with_spans(documents: list[Any], seconds: float, **changed: Any) -> list[Any]:
    """The second level lasts `seconds`; `changed`: other keys of it."""
    for one in documents:
        one["levels"][0].update(start_s=0.0, end_s=60.0)
        one["levels"][1].update(start_s=60.0, end_s=60.0 + seconds, **changed)
    return documents


def test_a_level_that_an_abort_cut_short_is_no_measurement() -> None:
    cut = with_spans(documents("b"), 0.8, requests=3, throughput_rps=3.75)
    found = compare_summaries(with_spans(documents("a"), 60), cut).result
    assert set(verdicts_of(found).values()) == {"inconclusive"}
    assert found is not None
    assert found.metrics[0].left_out == ("20 users: b0 ended after 0.8 s of 60 s",)
    assert found.metrics[0].levels == (10,)


def test_a_hang_that_is_seen_for_less_than_half_of_the_level_is_not_judged() -> None:
    for seconds, verdict in ((0.8, "inconclusive"), (40, "worse")):
        hung = with_spans(documents("b"), seconds, requests=0, throughput_rps=0.0)
        found = compare_summaries(with_spans(documents("a"), 60), hung).result
        assert verdicts_of(found)["throughput"] == verdict


def test_the_levels_of_a_search_last_as_long_as_they_must() -> None:
    sides = with_spans(documents("a"), 60), with_spans(documents("b"), 20)
    for one in (*sides[0], *sides[1]):
        one["analysis"] = {"capacity": {"trials": [{"started_s": begin, "purpose": "climb"} for begin in (1.0, 61.0)]}}
    found = compare_summaries(*sides).result
    assert found is not None
    assert (found.verdict, found.metrics[0].levels) == ("equivalent", (10, 20))


def test_all_reasons_are_given_at_once() -> None:
    candidate = [{**document("b", plan_sha256="b" * 64), "verdict": {"status": "invalid"}}]
    found = compare_summaries(documents("a"), candidate)
    assert found.result is None
    invalid, other_plan = found.refusals
    assert invalid == "b: the run is invalid, so that its values are not the system's. Leave it out."
    assert other_plan.startswith("b ran another plan than a0")


def test_force_compares_in_spite_of_refusals() -> None:
    candidate = [{**one, "verdict": {"status": "interrupted"}} for one in documents("b", 1.15)]
    found = compare_summaries(documents("a"), candidate, force=True)
    assert verdicts_of(found.result)["mean"] == "worse"
    assert len(found.refusals) == 5


@pytest.mark.parametrize("candidate", [[], [document("b", levels=[level(77)])], [document("b", levels=[])]])
def test_without_a_common_level_force_does_not_help(candidate: list[Any]) -> None:
    found = compare_summaries(documents("a"), candidate, force=True)
    assert found.result is None
    assert found.refusals


def test_one_run_in_two_places_is_refused() -> None:
    found = compare_summaries([document("a")], [document("a")])
    assert found.refusals == ("a: given more than once; a run has no difference from itself. Give every run once.",)


def test_a_document_that_is_no_summary_is_refused() -> None:
    with pytest.raises(SummaryRefusedError, match="`schema` is none"):
        compare_summaries([document("a")], [{}])


def test_another_number_of_agents_is_a_note() -> None:
    two, eight = ([{}] * number for number in (2, 8))
    baseline = [{**one, "agents": two} for one in documents("a")]
    found = compare_summaries(baseline, [{**one, "agents": eight} for one in documents("b", runs=2)])
    assert found.refusals == ()
    assert found.notes == (
        "a0 ran with 2 agents, b0, b1 with 8. The machines of agents are not recorded: see that they are alike.",
    )
    assert compare_summaries(baseline, [{**one, "agents": two} for one in documents("b")]).notes == ()
    assert compare_summaries(baseline, documents("b")).notes == (), "a summary that does not say it"


def test_the_document_of_a_comparison_is_json() -> None:
    found = compare_summaries(documents("a"), documents("b")).to_dict()
    assert list(found) == ["schema", "result", "refusals", "notes"]
    assert found["schema"] == "gradual.comparison/1"
    assert [metric["verdict"] for metric in found["result"]["metrics"]] == ["equivalent"] * 6
