"""`gradual init`: a commented plan to start with."""

from __future__ import annotations

import os
import sys
from importlib.resources import files
from pathlib import Path

from gradual.errors import StarterRefusedError

STANDARD_OUTPUT = "-"
DEFAULT_NAME = "gradual.yaml"


def starter_plan(name: str) -> str:
    """The text of the starter plan, with `name` in the commands of its comments."""
    return files("gradual.cli").joinpath("starter.yaml").read_text(encoding="utf-8").replace("{file}", name)


def readable(path: Path) -> str:
    """A file's name as text. In the C locale Python decodes names with surrogates, which UTF-8 cannot encode."""
    return os.fsencode(path).decode("utf-8", "replace")


def write_starter(path: Path, force: bool) -> None:
    """Write the starter plan to `path`; StarterRefusedError if the file exists and `force` is not set.

    `-` is standard output.
    """
    if str(path) == STANDARD_OUTPUT:
        sys.stdout.write(starter_plan(DEFAULT_NAME))
        return
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(starter_plan(readable(path)))
    except FileExistsError:
        raise StarterRefusedError(f"{path} exists: choose another name, or replace it with --force") from None
    except OSError as error:
        raise StarterRefusedError(f"cannot write {path}: {error.strerror or error}") from error
