"""The names of baselines: such that a word of a command line is either a name or a file."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

FILE_ENDING = ".json"
NONE = "none"
"""On a command line: no baseline."""

PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
ALLOWED = f"letters, digits, `.`, `_` and `-`, at most 100; not {FILE_ENDING} at the end, and not {NONE}"


def names_a_file(word: str) -> bool:
    """Whether a word of a command line is a file, and not the name of a baseline or a run."""
    return "/" in word or word.endswith(FILE_ENDING)


def is_baseline_name(name: str) -> bool:
    """Whether a baseline may have this name."""
    return re.fullmatch(PATTERN, name) is not None and not names_a_file(name) and name != NONE


def read_baseline_name(name: str) -> str:
    """The name; ValueError if it is not allowed."""
    if not is_baseline_name(name):
        raise ValueError(f"a baseline cannot have this name; allowed: {ALLOWED}")
    return name


BaselineName = Annotated[
    str, AfterValidator(read_baseline_name), WithJsonSchema({"type": "string", "pattern": f"^{PATTERN}$"})
]
"""The name of a baseline."""
