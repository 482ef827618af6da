"""The store of a command."""

from __future__ import annotations

import os

from gradual_master.errors import StoreInputError
from gradual_master.store.location import NONE, OPTION, VARIABLE, locate_store
from gradual_master.store.opening import StoreDatabase, open_store


def open_for(option: str | None, *, creates: bool = False) -> StoreDatabase:
    """Open the store that `--store` or the environment names, by default the user's; StoreInputError for `none`."""
    location = locate_store(option, os.environ, by_default=True)
    if location is None:
        source = OPTION if option is not None else VARIABLE
        raise StoreInputError(f"{source} is {NONE}: name the store that has the runs")
    return open_store(location.path, creates=creates)
