"""`A… -- B…` on a command line: click drops the first `--`, and with it where one side ends and the other begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand

from gradual.errors import CompareRefusedError

SEPARATOR = "--"
KEPT = "\0--"
"""Stands for the first `--` until the arguments are parsed: no path has a NUL, and no option begins so."""

USAGE = "write `gradual compare BASELINE… -- CANDIDATE…`"


class TwoSidedCommand(TyperCommand):
    """Keeps the first `--` among its arguments, so that options may stand on both sides of it."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """As it is written: both sides."""
        return ["[OPTIONS]", "BASELINE… -- CANDIDATE…"]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse with the separator as an argument like the others."""
        if SEPARATOR in args:
            args[args.index(SEPARATOR)] = KEPT
        return super().parse_args(ctx, args)


def sides_of(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Both sides; CompareRefusedError if there is no separator, or nothing on a side of it."""
    if KEPT not in words:
        raise CompareRefusedError(f"there is no `--` between baseline and candidate; {USAGE}")
    place = list(words).index(KEPT)
    baseline, candidate = list(words[:place]), list(words[place + 1 :])
    for name, side, where in (("baseline", baseline, "before"), ("candidate", candidate, "after")):
        if not side:
            raise CompareRefusedError(f"the {name} is missing {where} `--`; {USAGE}")
    return baseline, candidate
