"""A summary is read back from its document: all of it, or an error that names the key."""

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from simulated_run import ERROR_SAMPLE, simulated_run

from gradual_master.errors import SummaryRefusedError
from gradual_master.results.measures.error_samples import ErrorSample
from gradual_master.results.summary.reading import read_summary
from gradual_master.results.summary.sections import Summary


def whole_summary() -> Summary:
    summary = simulated_run(600)
    return replace(summary, error_samples=(ErrorSample(**{"service": None, **ERROR_SAMPLE}),))


SUMMARY = whole_summary()
DOCUMENT: dict[str, Any] = json.loads(json.dumps(SUMMARY.to_dict()))


def test_what_is_read_equals_what_was_written_but_for_the_history() -> None:
    found = read_summary(DOCUMENT)
    assert found == SUMMARY
    assert found.to_dict() == DOCUMENT
    assert found.history is None


def test_keys_of_a_newer_version_are_left_out() -> None:
    assert read_summary({**DOCUMENT, "moons": 3, "run": {**DOCUMENT["run"], "tide": "low"}}) == SUMMARY


def test_keys_that_an_older_version_did_not_write_are_empty() -> None:
    document = deepcopy(DOCUMENT)
    for key in ("watches", "data", "comparison", "setup"):
        del document[key]
    del document["analysis"]["answer"]
    found = read_summary(document)
    assert (found.watches, found.data, found.comparison, found.setup, found.analysis.answer) == ((), (), None, None, ())


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("schema",), "gradual.summary/9", "this is no summary of a run (its schema is 'gradual.summary/9'); `gradual"),
        (("run",), 3, "run is 3, not an object"),
        (("run", "name"), None, "run.name is None, not a text"),
        (("run", "tags"), [], "run.tags is [], not an object"),
        (("run", "tags"), {"a": 1}, "run.tags.a is 1, not a text"),
        (("levels",), {}, "levels is {}, not a list"),
        (("levels", 1, "target"), "9", "levels[1].target is '9', not a"),
        (("totals", "requests"), True, "totals.requests is True, not a whole number"),
        (("verdict", "status"), "great", "verdict.status is 'great'; allowed: passed, failed, invalid, interrupted"),
    ],
)
def test_a_value_of_another_type_is_named(path: tuple[str | int, ...], value: Any, reason: str) -> None:
    document = deepcopy(DOCUMENT)
    part: Any = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(SummaryRefusedError) as caught:
        read_summary(document)
    assert reason in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "text", {}, {"schema": None}])
def test_other_json_is_no_summary(document: Any) -> None:
    with pytest.raises(SummaryRefusedError, match=r"this is no summary of a run \(it has no schema\)"):
        read_summary(document)


def test_a_key_that_must_be_there_is_named() -> None:
    with pytest.raises(SummaryRefusedError, match=r"run\.id is missing"):
        read_summary({**DOCUMENT, "run": {}})
