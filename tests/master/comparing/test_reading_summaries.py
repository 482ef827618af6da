"""A summary gives a run with its facts; what is no summary is refused with what is wrong and what is allowed."""

from typing import Any

import pytest
from compared_summaries import MACHINE, document, level

from gradual_master.comparing.reading import read_run
from gradual_master.errors import SummaryRefusedError


def test_a_summary_gives_its_levels_of_load_and_its_facts() -> None:
    rows = [{**level(5), "warm_up": True}, level(10), level(0), level(20.5)]
    found = read_run(document("run-1", levels=rows), "a.json")
    assert [one.target for one in found.run.levels] == [10, 20.5]
    assert (found.name, found.run_id, found.status, found.notes) == ("a.json", "run-1", "passed", ())
    assert (found.facts.name, found.facts.plan_sha256, found.facts.fingerprint) == ("a.json", "a" * 64, MACHINE)
    assert found.facts.targets == (10, 20.5)


def test_a_run_is_called_by_its_id_unless_it_has_another_name() -> None:
    assert read_run(document("run-1")).name == "run-1"


def test_the_plan_is_that_without_addresses_where_it_is_known() -> None:
    assert read_run(document("run-1", load_sha256="b" * 64)).facts.plan_sha256 == "b" * 64


def test_a_level_that_was_not_steady_is_a_reservation() -> None:
    rows = [level(10), level(20, marks=["unsteady"]), level(40, marks=["unsteady"])]
    assert read_run(document("run-1", levels=rows)).notes == (
        "run-1 was not steady at 20, 40 users: its values there are over the whole level.",
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"schema": None}, r"a\.json: `schema` is none; gradual\.summary/1 can be compared \(`-o json=PATH`\)"),
        ({"schema": "k6/9"}, r"a\.json: `schema` is k6/9"),
        ({"run": []}, r"a\.json: `run` is no object; give the summary as it was written"),
        ({"run": {"id": ""}}, r"a\.json: `run\.id` is missing"),
        ({"verdict": None}, r"a\.json: `verdict` is no object"),
        ({"levels": {}}, r"a\.json: `levels` is no list"),
        ({"levels": [level(10), {"target": "10"}]}, r"a\.json: number 2 of `levels` is no level of a summary"),
    ],
)
def test_what_is_no_summary_is_refused_with_what_is_wrong(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(SummaryRefusedError, match=message):
        read_run({**document("run-1"), **changed}, "a.json")


def test_of_a_search_the_levels_that_it_tried_are_compared() -> None:
    """In one run 10 users come after an overload with 40, in another between two trials: they are not the same."""
    spans = ((10, 0, 60), (40, 60, 70), (10, 70, 80), (20, 80, 140), (40, 140, 170), (18, 170, 230))
    rows = [{**level(target), "start_s": start, "end_s": end} for target, start, end in spans]
    purposes = ((1.0, "climb"), (61.0, "climb"), (81.0, "confirm"), (171.0, "recover"), (None, "climb"), ("x", "climb"))
    trials = [*({"started_s": begin, "purpose": purpose} for begin, purpose in purposes), None]
    found = read_run({**document("run-1", levels=rows), "analysis": {"capacity": {"trials": trials}}})
    assert found.facts.targets == (10, 40, 20)
    assert [one.target for one in found.run.levels] == [10, 40, 20]


def test_a_list_is_no_summary() -> None:
    with pytest.raises(SummaryRefusedError, match="the summary is no JSON object"):
        read_run([])
