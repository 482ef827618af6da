"""Opens a store: makes the file, and brings its tables to this version by the migrations that the package has.

A store of a newer Gradual is refused, and so is a database of another program: nothing is changed in it. Two processes
may open a new store at once; the second one waits, and finds the tables.

Each transaction is begun here and not by Python's SQLite driver, which would leave changes of tables out of it
(docs.sqlalchemy.org, "SQLite: transactional DDL").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gradual_common.secrecy.quoting import shorten
from gradual_master.errors import StoreError, StoreInputError

HEAD = "r0001"
"""The revision of this version's tables. `migrations.apply` is loaded only for a store that has another one."""

VERSION_TABLE = "alembic_version"
LOCK_TIMEOUT_S = 30.0
"""How long a transaction waits for that of another process."""


class StoreDatabase:
    """An open store, whose tables are those of this version."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _engine_of(path)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that changes nothing; StoreError if the database fails."""
        with _translated(self.path), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that changes all or nothing; StoreError if the database fails."""
        with _translated(self.path), self._engine.execution_options(writes=True).begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the tables to this version."""
        with self.reading() as connection:
            if revision_of(connection) == HEAD:
                return
        from gradual_master.store.migrations.apply import known_revisions, upgrade  # noqa: PLC0415 - rarely needed

        with self.writing() as connection:
            revision = revision_of(connection)
            _check_revision(connection, self.path, revision, known_revisions())
            upgrade(connection)


def open_store(path: Path, *, creates: bool = False) -> StoreDatabase:
    """Open the store in this file. StoreError if it cannot be opened; StoreInputError if there is none.

    `creates`: make the file and its folder where they are absent.
    """
    if creates:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the store {path} cannot be opened: {error.strerror or error}") from error
    elif not path.is_file():
        raise StoreInputError(f"there is no store at {path}; `gradual run` makes it at the end of a run")
    database = StoreDatabase(path)
    database.migrate()
    return database


def revision_of(connection: Connection) -> str | None:
    """The revision of the store's tables; None if it has none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - our constant


def _check_revision(connection: Connection, path: Path, revision: str | None, known: frozenset[str]) -> None:
    if revision is None:
        if tables := inspect(connection).get_table_names():
            raise StoreError(f"{path} is no store of Gradual, it has the table {tables[0]}; name another file")
    elif revision not in known:
        raise StoreError(
            f"the store {path} is of a newer version of Gradual (its revision is {revision}, this one knows up to "
            f"{HEAD}); use that version, or another store"
        )


def _engine_of(path: Path) -> Engine:
    url = URL.create("sqlite", database=str(path))
    # Without a pool: a connection ends with its transaction, in the thread that has made it.
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": LOCK_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that will write takes the lock now: taken later, another writer would make it fail.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise StoreError(f"the store {path} cannot be used: {reason}") from error
    except UnicodeEncodeError as error:  # A word of a command line in another encoding.
        raise StoreInputError(f"{shorten(error.object)!a} is not UTF-8, as every name in a store is") from error
