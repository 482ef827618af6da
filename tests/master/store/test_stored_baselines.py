"""Baselines in the store: set, replaced, found and removed, and their runs stay."""

from pathlib import Path

import pytest
from stored_runs import stored_summary

from gradual_master.analysis.comparison.runs import AaVariation
from gradual_master.errors import StoreInputError
from gradual_master.store.baselines import (
    check_baseline_name,
    find_baseline,
    list_baselines,
    remove_baseline,
    set_baseline,
)
from gradual_master.store.opening import StoreDatabase, open_store
from gradual_master.store.runs import RunFilter, add_run, list_runs

VARIATIONS = {"p95": AaVariation(0.021, 3), "throughput": AaVariation(0.01, 3)}
IDS = [stored_summary(number).run.id for number in range(4)]


@pytest.fixture
def database(tmp_path: Path) -> StoreDatabase:
    made = open_store(tmp_path / "runs", creates=True)
    with made.writing() as connection:
        for number in range(4):
            add_run(connection, stored_summary(number))
        set_baseline(connection, "main", [IDS[2], IDS[0], IDS[1]], VARIATIONS, "2026-11-28T10:00:00+00:00")
    return made


def test_a_baseline_has_its_runs_the_oldest_first_and_their_variation(database: StoreDatabase) -> None:
    with database.reading() as connection:
        found = find_baseline(connection, "main")
    assert [run.id for run in found.runs] == IDS[:3]
    assert found.variations == VARIATIONS
    assert found.created_at == "2026-11-28T10:00:00+00:00"


def test_a_baseline_that_is_set_again_has_only_the_new_runs(database: StoreDatabase) -> None:
    with database.writing() as connection:
        set_baseline(connection, "main", [IDS[3]], {}, "2026-11-28T11:00:00+00:00")
        (found,) = list_baselines(connection)
    assert [run.id for run in found.runs] == [IDS[3]]
    assert found.variations == {}


def test_a_removed_baseline_leaves_its_runs(database: StoreDatabase) -> None:
    with database.writing() as connection:
        remove_baseline(connection, "main")
        assert list_baselines(connection) == []
        assert len(list_runs(connection, RunFilter())) == 4
        with pytest.raises(StoreInputError, match=r"there is no baseline 'main', and no other; `gradual baseline set"):
            remove_baseline(connection, "main")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("mian", "there is no baseline 'mian'; did you mean 'main'?"),
        ("x", "there is no baseline 'x'; `gradual baseline list` shows all"),
    ],
)
def test_a_name_that_is_not_there_is_refused(database: StoreDatabase, name: str, reason: str) -> None:
    with database.reading() as connection, pytest.raises(StoreInputError) as caught:
        find_baseline(connection, name)
    assert str(caught.value) == reason


@pytest.mark.parametrize("name", ["", "a b", "-x", "a/b", "a.json", "é", "a" * 101, "last\n", "none"])
def test_a_name_that_could_not_be_typed_or_looks_like_a_file_is_refused(name: str) -> None:
    with pytest.raises(StoreInputError, match="cannot be the name of a baseline; allowed: letters"):
        check_baseline_name(name)
