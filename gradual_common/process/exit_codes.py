"""Every exit code of every command; no other module decides one.

A command ends with the code of its verdict (`of_verdict`) or with that of its error (`GradualError.exit_code`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from gradual_common.secrecy.quoting import shorten

Status = Literal["passed", "failed", "invalid", "interrupted"]

DONE = 0
"""The run passed."""

FAILED = 1
"""An objective failed, a step of `gradual try`, or a comparison by what `--fail-on` names."""

WRONG_INPUT = 2
"""The plan or the command line is wrong; nothing was started."""

NOT_DONE = 3
"""The command could not do its work, or the run is invalid: its results cannot be trusted."""

INTERRUPTED, TERMINATED = 130, 143
"""The convention of shells: 128 + the number of the signal (SIGINT, SIGTERM)."""


def of_verdict(status: Status, stop_signal: str | None) -> int:
    """The exit code of a run with this verdict; `stop_signal`: "interrupt" or "terminate", for an interrupted run."""
    if status == "interrupted":
        return TERMINATED if stop_signal == "terminate" else INTERRUPTED
    return {"passed": DONE, "failed": FAILED, "invalid": NOT_DONE}[status]


FailOn = Literal["regression", "inconclusive"]
"""What of a comparison is a failure; "inconclusive": a regression, too."""


def of_comparison(verdict: str, fail_on: FailOn | None) -> int:
    """The exit code of a comparison with this verdict over all metrics; without `fail_on` it is information."""
    failing = {"regression": ("worse",), "inconclusive": ("worse", "inconclusive")}
    return FAILED if fail_on is not None and verdict in failing[fail_on] else DONE


NAMED = {"failed": FAILED, "invalid": NOT_DONE, "interrupted": INTERRUPTED, "terminated": TERMINATED}
"""The ends of a run whose code `--exit-code` may change, by name."""

MAX_CODE = 255
"""An operating system keeps 8 bits of an exit code."""


def read_changes(pairs: Iterable[tuple[str, str]]) -> dict[int, int]:
    """`failed`, `99` → {1: 99}; ValueError for an unknown name, one that is named twice, or a code out of range."""
    changes: dict[int, int] = {}
    for name, text in pairs:
        if name not in NAMED:
            raise ValueError(f"there is no end of a run called {shorten(name)!r}; there are {', '.join(NAMED)}")
        if NAMED[name] in changes:
            raise ValueError(f"{name} is given twice; give each name once")
        if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= MAX_CODE):
            raise ValueError(f"{name}={shorten(text)} is not an exit code; write a whole number from 0 to {MAX_CODE}")
        changes[NAMED[name]] = int(text)
    return changes


def of_lost_results(code: int) -> int:
    """The exit code when a result could not be written: a pipeline must not go on without it.

    Codes for other errors do not change: they already say that the results cannot be used.
    """
    return NOT_DONE if code in (DONE, FAILED) else code
