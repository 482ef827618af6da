"""Opening a store: it is made, brought to this version, or refused without a change."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from gradual_master.errors import StoreError, StoreInputError
from gradual_master.store.migrations.apply import known_revisions
from gradual_master.store.opening import HEAD, open_store, revision_of
from gradual_master.store.tables import METADATA


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_new_store_has_the_tables_of_this_version_in_a_folder_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "data/gradual/runs.sqlite"
    with open_store(path, creates=True).reading() as connection:
        assert revision_of(connection) == HEAD
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == [], "a migration is missing"
    assert path.parent.stat().st_mode & 0o077 == 0


def test_the_newest_migration_is_what_this_version_expects() -> None:
    assert max(known_revisions()) == HEAD


def test_a_store_is_opened_again_without_a_change(tmp_path: Path) -> None:
    path = tmp_path / "runs"
    open_store(path, creates=True)
    before = path.read_bytes()
    open_store(path)
    assert path.read_bytes() == before


def test_where_a_store_is_only_read_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(StoreInputError, match=r"there is no store at .*absent; `gradual run` makes it"):
        open_store(tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "runs"
    open_store(path, creates=True)
    execute(path, "UPDATE alembic_version SET version_num = 'r0999'")
    before = path.read_bytes()
    with pytest.raises(
        StoreError, match=r"is of a newer version of Gradual \(its revision is r0999, this one knows up"
    ):
        open_store(path, creates=True)
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mail"
    execute(path, "CREATE TABLE letters (id INTEGER)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is no store of Gradual, it has the table letters"):
        open_store(path, creates=True)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, and longer than a header of one " * 10)
    with pytest.raises(StoreError, match=r"notes.txt cannot be used: file is not a database"):
        open_store(path)


def test_a_folder_that_cannot_be_made_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be opened: "):
        open_store(tmp_path / "file/gradual/runs", creates=True)


def test_two_that_make_a_store_at_once_find_the_same_tables(tmp_path: Path) -> None:
    path, failures = tmp_path / "runs", []

    def make() -> None:
        try:
            open_store(path, creates=True)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_transaction_that_fails_changes_nothing(tmp_path: Path) -> None:
    database = open_store(tmp_path / "runs", creates=True)

    def write(statement: str) -> None:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO baselines (name, created_at, variations) VALUES ('a', '', '{}')"))
            connection.execute(text(statement))

    with pytest.raises(StoreError, match="no such table: absent"):
        write("INSERT INTO absent VALUES (1)")
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM baselines")).scalar() == 0
