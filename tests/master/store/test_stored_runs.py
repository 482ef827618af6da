"""Runs in the store: written once, found by what a user types, read as they were."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert
from stored_runs import stored_summary

from gradual_master.errors import StoreError, StoreInputError
from gradual_master.store.opening import StoreDatabase, open_store
from gradual_master.store.packing import pack_document, pack_text, unpack_document, unpack_text
from gradual_master.store.runs import (
    RunFilter,
    add_run,
    delete_run,
    find_run,
    list_runs,
    load_plan_text,
    load_summary,
)
from gradual_master.store.tables import BASELINE_RUNS, BASELINES


@pytest.fixture
def database(tmp_path: Path) -> StoreDatabase:
    """A store with three runs: the first and the last of `checkout`, one of them on a branch."""
    made = open_store(tmp_path / "runs", creates=True)
    with made.writing() as connection:
        add_run(connection, stored_summary(1, tags={"branch": "main", "it's": '"x"'}), "config: {name: größe}\n")
        add_run(connection, stored_summary(2, name="login", tags={"größe": "ä", 'a"b': "2", "x.y": "3"}))
        add_run(connection, stored_summary(3, tags={"branch": "fix", "host": "a"}))
    return made


def ids(database: StoreDatabase, chosen: RunFilter) -> list[int]:
    with database.reading() as connection:
        return [int(run.id[-2:], 16) for run in list_runs(connection, chosen)]


def test_a_run_is_read_as_it_was_written(database: StoreDatabase) -> None:
    summary = stored_summary(1, tags={"branch": "main", "it's": '"x"'})
    with database.reading() as connection:
        run = find_run(connection, summary.run.id)
        assert load_summary(connection, run.id) == summary.to_dict()
        assert load_plan_text(connection, run.id) == "config: {name: größe}\n"
        assert load_plan_text(connection, find_run(connection, "last").id) is None
    assert run.throughput_rps == summary.totals.throughput_rps
    assert run.p95_ms == summary.totals.response_time_ms.p95
    assert run.users == max(level.target for level in summary.levels)
    assert (run.status, run.exit_code, dict(run.tags)) == (
        summary.verdict.status, summary.run.exit_code, summary.run.tags,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        pytest.param(RunFilter(), [3, 2, 1], id="all, the newest first"),
        pytest.param(RunFilter(last=2), [3, 2], id="the newest two"),
        pytest.param(RunFilter(name="checkout"), [3, 1], id="of one plan"),
        pytest.param(RunFilter(tags={"branch": "main"}), [1], id="with a tag"),
        pytest.param(RunFilter(tags={"branch": "fix", "host": "a"}), [3], id="with all tags"),
        pytest.param(RunFilter(tags={"branch": "fix", "host": "b"}), [], id="not with one of them"),
        pytest.param(RunFilter(tags={"it's": '"x"'}), [1], id="quotes are letters"),
        pytest.param(RunFilter(tags={"branch": "%"}), [], id="no pattern"),
        pytest.param(RunFilter(tags={"größe": "ä"}), [2], id="letters that JSON may escape"),
        pytest.param(RunFilter(tags={'a"b': "2", "x.y": "3"}), [2], id="signs of a JSON path"),
        pytest.param(RunFilter(tags={"größe": "ä"}, last=1), [2], id="the newest of those with the tag"),
        pytest.param(RunFilter(tags={"größe": "ä"}, last=0), [], id="none of them"),
    ],
)
def test_runs_are_listed_by_name_and_tags(database: StoreDatabase, chosen: RunFilter, found: list[int]) -> None:
    assert ids(database, chosen) == found


@pytest.mark.parametrize("named", ["last", "20261128T0903", "20261128T090300Z-000003"])
def test_a_run_is_found_by_its_id_a_beginning_of_it_or_as_the_last(database: StoreDatabase, named: str) -> None:
    with database.reading() as connection:
        assert find_run(connection, named).id == "20261128T090300Z-000003"


def test_an_id_that_begins_another_is_found(database: StoreDatabase) -> None:
    with database.writing() as connection:
        add_run(connection, stored_summary(4, id="20261128T090300Z-0000034"))
        assert find_run(connection, "20261128T090300Z-000003").id == "20261128T090300Z-000003"


def test_an_id_that_begins_many_others_is_found(database: StoreDatabase) -> None:
    with database.writing() as connection:
        for number in range(10, 20):
            add_run(connection, stored_summary(number, id=f"20261128T090300Z-000003{number}"))
        assert find_run(connection, "20261128T090300Z-000003").id == "20261128T090300Z-000003"


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ("", "RUN is empty; `gradual runs` lists the runs"),
        ("2025", "no run's id begins with '2025'; `gradual runs` lists the runs"),
        ("%", "no run's id begins with '%'"),
        ("2026", "several runs' ids begin with '2026': 20261128T090300Z-000003, 20261128T090200Z-000002, 2026"),
    ],
)
def test_a_run_that_is_not_there_or_not_unique_is_refused(database: StoreDatabase, named: str, reason: str) -> None:
    with database.reading() as connection, pytest.raises(StoreInputError) as caught:
        find_run(connection, named)
    assert reason in str(caught.value)


def test_an_empty_store_has_no_last_run(tmp_path: Path) -> None:
    with (
        open_store(tmp_path / "runs", creates=True).reading() as connection,
        pytest.raises(StoreInputError, match="no run is in the store yet"),
    ):
        find_run(connection, "last")


def test_a_run_that_is_there_stays_as_it_is(database: StoreDatabase) -> None:
    again = stored_summary(1, name="other")
    with database.writing() as connection:
        assert add_run(connection, again) is False
        assert find_run(connection, again.run.id).name == "checkout"


def test_a_deleted_run_is_gone(database: StoreDatabase) -> None:
    with database.writing() as connection:
        delete_run(connection, find_run(connection, "last").id)
    assert ids(database, RunFilter()) == [2, 1]


def test_a_run_of_a_baseline_is_not_deleted(database: StoreDatabase) -> None:
    with database.writing() as connection:
        run = find_run(connection, "last").id
        connection.execute(insert(BASELINES).values(name="main", created_at="", variations={}))
        connection.execute(insert(BASELINE_RUNS).values(baseline="main", run=run))
    with database.writing() as connection, pytest.raises(StoreInputError, match="belongs to the baseline main; first"):
        delete_run(connection, run)


def test_a_run_without_a_measurement_has_no_values(database: StoreDatabase) -> None:
    summary = stored_summary(5)
    totals = replace(summary.totals, throughput_rps=None, response_time_ms=replace(summary.totals.connect_ms, p95=None))
    with database.writing() as connection:
        add_run(connection, replace(summary, totals=totals, levels=()))
        run = find_run(connection, "last")
    assert (run.throughput_rps, run.p95_ms) == (None, None)
    assert run.users == sum(group.users_target for group in summary.groups)


def test_half_of_a_surrogate_pair_in_a_name_takes_no_run_with_it(database: StoreDatabase) -> None:
    with database.writing() as connection:
        add_run(connection, stored_summary(6, name="a\ud800b", tags={"x\udcff": "y\udcff"}))
        run = find_run(connection, "last")
    assert (run.name, run.tags) == ("a?b", {"x?": "y?"})


def test_an_id_that_is_no_text_is_refused(database: StoreDatabase) -> None:
    with database.writing() as connection, pytest.raises(StoreInputError, match=r"the run a\\ud800 cannot be stored"):
        add_run(connection, stored_summary(8, id="a\ud800"))


@pytest.mark.parametrize("target", [1e30, math.inf, math.nan])
def test_a_number_that_no_summary_has_is_refused_with_the_run(database: StoreDatabase, target: float) -> None:
    summary = stored_summary(7)
    huge = replace(summary, levels=(replace(summary.levels[0], target=target),))
    with (
        database.writing() as connection,
        pytest.raises(StoreInputError, match=f"the run {summary.run.id} cannot be stored: "),
    ):
        add_run(connection, huge)
    assert ids(database, RunFilter()) == [3, 2, 1]


@pytest.mark.parametrize("packed", [b"", b"junk", pack_text("[]"), pack_text("{")])
def test_a_damaged_summary_is_an_error_of_the_store(packed: bytes) -> None:
    with pytest.raises(StoreError, match="damaged"):
        unpack_document(packed)


def test_a_plan_is_packed_as_text() -> None:
    assert unpack_text(pack_text("größe: →\n")) == "größe: →\n"


def test_half_of_a_surrogate_pair_takes_no_run_with_it() -> None:
    assert unpack_document(pack_document({"text": "a\ud800b"})) == {"text": "a?b"}
