"""Data files are read once, shared out, and reported when they are missing, short or without a column."""

from pathlib import Path

import pytest
from plan_samples import load, mistakes, only_mistake, small


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ten.csv").write_text("id,name\n" + "".join(f"{n:03},n{n}\n" for n in range(10)))
    (tmp_path / "none.csv").write_text("id,name\n")
    return tmp_path


USER_URL = "/{{user.id}}"


def test_a_set_of_the_top_level_is_shared_out_so_that_no_row_is_held_twice(folder: Path) -> None:
    loaded = load(small(data={"user": "ten.csv"}, actions__look__url=USER_URL), folder=folder)
    held = [loaded.data[0, "user"].row(n) for n in range(6)] + [loaded.data[1, "user"].row(n) for n in range(4)]
    assert [row["id"] for row in held if row] == [f"{n:03}" for n in range(10)]


def test_sets_of_groups_that_name_one_file_share_it_out_too(folder: Path) -> None:
    plan = small(users__0__data={"user": "ten.csv"}, users__1__data={"user": "./ten.csv"}, actions__look__url=USER_URL)
    loaded = load(plan, folder=folder)
    assert loaded.data[1, "user"].row(0) == {"id": "006", "name": "n6"}


def test_too_few_rows_are_reported_with_both_numbers(folder: Path) -> None:
    plan = small(data={"user": "ten.csv"}, actions__look__url=USER_URL, users__0__concurrency=7)
    found = only_mistake(plan, folder=folder)
    assert "ten.csv has 10 rows, but 11 are needed, one for each user (a 7, b 4)" in found
    assert "add 1 row, or share them: on_exhausted: recycle, pick: sequential or pick: random" in found


def test_a_phase_that_needs_more_rows_counts(folder: Path) -> None:
    phases = [{"name": "p", "duration": "1m", "users": {"a": 11}}]
    plan = small(users__0__data={"user": "ten.csv"}, config__duration=None, config__phases=phases)
    assert "10 rows, but 11 are needed" in only_mistake(plan, folder=folder)


def test_shared_picks_need_no_more_than_one_row(folder: Path) -> None:
    plan = small(
        data={"user": {"file": "ten.csv", "pick": "sequential"}, "other": {"file": "ten.csv", "pick": "random"}},
        actions__look__url="/{{user.id}}/{{other.id}}",
        users__0__concurrency=100,
    )
    loaded = load(plan, folder=folder)
    assert loaded.data[0, "user"].row(23) == {"id": "003", "name": "n3"}
    assert loaded.data[0, "other"].row(99) is not None


def test_a_missing_column_is_reported_where_it_is_read(folder: Path) -> None:
    found = only_mistake(small(data={"user": "ten.csv"}, actions__post__url="/{{user.nme}}"), folder=folder)
    assert "actions.post.url: " in found
    assert "has no column 'nme', which {{user.nme}} reads (did you mean 'name'?; columns: id, name)" in found


@pytest.mark.parametrize(("file", "message"), [("no.csv", "cannot read"), ("none.csv", "has no rows")])
def test_a_file_that_gives_no_rows_is_reported_once(folder: Path, file: str, message: str) -> None:
    plan = small(data={"user": file}, actions__look__url=USER_URL)
    found = only_mistake(plan, folder=folder)
    assert "data.user: " in found
    assert message in found


def test_a_group_keeps_its_own_set_before_that_of_the_top_level(folder: Path) -> None:
    (folder / "own.csv").write_text("id\n" + "own\n" * 4)
    plan = small(data={"user": "ten.csv"}, users__1__data={"user": "own.csv"}, actions__look__url=USER_URL)
    loaded = load(plan, folder=folder)
    assert loaded.data[1, "user"].row(0) == {"id": "own"}


def test_a_set_that_is_wrong_in_shape_is_reported_as_that(folder: Path) -> None:
    plan = small(data={"user": {"file": "ten.csv", "pick": "unqiue"}}, actions__look__url=USER_URL)
    assert mistakes(plan, folder=folder) == [
        "p.yaml: data.user.pick: 'unqiue' is not allowed; allowed: 'unique', 'sequential' or 'random'"
    ]


def test_a_file_that_no_template_reads_must_exist_too(folder: Path) -> None:
    assert "data.user: cannot read" in only_mistake(small(data={"user": "no.csv"}), folder=folder)


def test_sets_with_a_row_per_iteration_share_the_rows_that_no_user_has(folder: Path) -> None:
    plan = small(
        users__0__data={"user": "ten.csv", "item": {"file": "ten.csv", "per": "iteration"}},
        users__1__data={"other": {"file": "ten.csv", "per": "iteration"}},
        actions__look__url="/look",
    )
    loaded = load(plan, folder=folder)
    supply = loaded.supplies[0, "item"]
    assert loaded.supplies == {(0, "item"): supply, (1, "other"): supply}
    assert [row["id"] for row in supply.rows] == ["006", "007", "008", "009"]
    assert loaded.job.dealt == ((0, "item"), (1, "other"))
    assert loaded.data.keys() == {(0, "user")}


def test_a_row_per_iteration_needs_no_row_per_user(folder: Path) -> None:
    plan = small(data={"user": {"file": "ten.csv", "per": "iteration"}}, actions__look__url=USER_URL)
    assert len(load({**plan}, folder=folder).supplies[0, "user"].rows) == 10


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"user": {"file": "ten.csv", "per": "iteration", "pick": "random"}}, "leave pick out"),
        ({"user": {"file": "ten.csv", "per": "step"}}, "allowed: 'user' or 'iteration'"),
    ],
)
def test_what_a_row_per_iteration_cannot_be_is_reported(folder: Path, data: dict[str, object], message: str) -> None:
    assert message in only_mistake(small(data=data, actions__look__url=USER_URL), folder=folder)


def test_sets_that_share_rows_agree_in_what_happens_at_their_end(folder: Path) -> None:
    shared = {"file": "ten.csv", "per": "iteration"}
    plan = small(users__0__data={"x": shared}, users__1__data={"x": {**shared, "on_exhausted": "recycle"}})
    found = only_mistake(plan, folder=folder)
    assert "users.b.data.x.on_exhausted: " in found
    assert "a says stop" in found


def test_a_file_whose_rows_all_belong_to_users_has_none_for_iterations(folder: Path) -> None:
    plan = small(
        users__0__concurrency=10, users__0__data={"user": "ten.csv", "x": {"file": "ten.csv", "per": "iteration"}}
    )
    assert "ten.csv has no row left for iterations" in only_mistake(plan, folder=folder)


def test_too_few_rows_are_used_again_if_the_plan_says_so(folder: Path) -> None:
    data = {"user": {"file": "ten.csv", "on_exhausted": "recycle"}}
    loaded = load(small(data=data, actions__look__url=USER_URL, users__0__concurrency=7), folder=folder)
    held = [loaded.data[0, "user"].row(n) for n in range(7)] + [loaded.data[1, "user"].row(n) for n in range(4)]
    assert [row["id"] for row in held if row] == [f"{n:03}" for n in [*range(10), 0]]


def test_a_row_of_an_iteration_is_read_in_iterations_only(folder: Path) -> None:
    plan = small(
        users__0__data={"user": {"file": "ten.csv", "per": "iteration"}},
        users__0__on_start=[{"set": {"x": "{{ user.id }}"}}],
    )
    found = only_mistake(plan, folder=folder)
    assert "is performed in on_start, but a row of 'user' belongs to an iteration" in found
