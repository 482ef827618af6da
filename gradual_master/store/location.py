"""Where the store is: `--store`, else `GRADUAL_STORE`, else a file in the user's data folder.

Nothing heavy is imported here, since every run starts with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gradual_common.secrecy.masking import hide_credentials
from gradual_common.secrecy.quoting import quoted
from gradual_master.errors import StoreInputError

VARIABLE = "GRADUAL_STORE"
OPTION = "--store"
NONE = "none"
SQLITE = "sqlite:///"
DEFAULT_FILE = "runs.sqlite"
ALLOWED = f"allowed: the path of a SQLite file, {SQLITE}PATH, or {NONE}"


@dataclass(frozen=True, slots=True)
class StoreLocation:
    """A SQLite file."""

    given: Path | None = None
    """As it was asked for; None: the user's own store."""

    @property
    def is_asked_for(self) -> bool:
        """Whether the user named it. A run that cannot be written to it has lost what was asked for."""
        return self.given is not None

    @property
    def path(self) -> Path:
        """The file, absolute; it may not exist yet."""
        return default_path() if self.given is None else self.given.expanduser().absolute()


def default_path() -> Path:
    """The file in the user's data folder, such as `~/.local/share/gradual/runs.sqlite`."""
    from platformdirs import user_data_path  # noqa: PLC0415 - only those who use the store need it

    return user_data_path("gradual", appauthor=False) / DEFAULT_FILE


def locate_store(option: str | None, environ: Mapping[str, str], *, by_default: bool) -> StoreLocation | None:
    """The store that the option or the environment names; None: no store.

    `by_default`: whether the user's own store is meant where nothing is named. StoreInputError: a form that is not
    allowed, or a file that cannot be there.
    """
    named = option if option is not None else environ.get(VARIABLE) or None
    if named is None:
        return StoreLocation() if by_default else None
    source = OPTION if option is not None else VARIABLE
    if named == NONE:
        return None
    path = _path_of(named, source)
    location = StoreLocation(path)
    if location.path.is_dir():
        raise StoreInputError(f"{source} {quoted(named)} is a folder; name a file in it")
    if not location.path.parent.is_dir():
        raise StoreInputError(f"{source} {quoted(named)}: there is no folder {location.path.parent}; make it first")
    return location


def _path_of(named: str, source: str) -> Path:
    text = named.removeprefix(SQLITE)
    if not text:
        raise StoreInputError(f"{source} is empty; {ALLOWED}")
    if "://" in text:
        raise StoreInputError(f"{source} {quoted(hide_credentials(named))} is no SQLite file; {ALLOWED}")
    return Path(text)
