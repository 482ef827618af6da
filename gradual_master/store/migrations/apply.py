"""Carries out the migrations that a store lacks."""

from __future__ import annotations

from pathlib import Path

from alembic.command import upgrade as run_upgrade
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """Carry them out, in the transaction of `connection`."""
    config = _config()
    config.attributes["connection"] = connection
    run_upgrade(config, "head")


def known_revisions() -> frozenset[str]:
    """The revisions that this version knows."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    # A path with a `%` would be read as an interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
