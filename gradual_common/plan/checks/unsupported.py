"""What the plan language has and this version does not: refused by name, so that nothing is silently left out."""

from __future__ import annotations

from collections.abc import Iterator

from gradual_common.errors import Problem
from gradual_common.language.document import Document, Path
from gradual_common.schedule.ramps.parsing import ramps_in

Refusal = tuple[Path, Problem]
"""The part of the plan whose other mistakes need not be reported, and what to say of it."""


def unsupported_parts(document: Document) -> Iterator[Refusal]:
    """Every part of the plan that is not supported yet."""
    root = document.root
    for path, ramp in ramps_in(root):
        if (ramp.get("strategy") if isinstance(ramp, dict) else ramp) == "find_capacity":
            yield _refuse(document, path, "find_capacity")


def _refuse(document: Document, path: Path, what: str) -> Refusal:
    return path, document.problem(path, f"{what} is not supported yet")
