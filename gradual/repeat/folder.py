"""The folder of repeated runs: a folder of summaries for each side, so that `gradual compare` takes them, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gradual.errors import RepeatRefusedError
from gradual.repeat.order import PlannedRun

ASIDE = "not-compared"


class RunsFolder:
    """Where the summaries go: `OUT/baseline/baseline-1.json`, and for a run of one system `OUT/run-1.json`."""

    def __init__(self, path: Path, *, both: bool) -> None:
        self.path = path
        self.both = both

    def make(self) -> None:
        """Make the folders; RepeatRefusedError if they cannot be made, or hold summaries of earlier runs."""
        folders = [self.path / "baseline", self.path / "candidate"] if self.both else [self.path]
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RepeatRefusedError(f"cannot make {self.path}: {error.strerror or error}") from error
        former = [file for folder in (*folders, self.path / ASIDE) for file in sorted(folder.glob("*.json"))]
        if former:
            raise RepeatRefusedError(
                f"{former[0]} is there from earlier runs, which are not to be mixed with new ones; "
                "name another folder with --out, or move this one away"
            )

    def file_of(self, run: PlannedRun) -> Path:
        """Where the summary of a run goes."""
        if self.both:
            return self.path / run.side / f"{run.side}-{run.number}.json"
        return self.path / f"run-{run.number}.json"

    def put_aside(self, file: Path) -> Path:
        """Move a summary to where no comparison finds it; returns its new place. RepeatRefusedError if it stays."""
        place = self.path / ASIDE
        try:
            place.mkdir(exist_ok=True)
            return file.replace(place / file.name)
        except OSError as error:
            raise RepeatRefusedError(f"{file} cannot be moved to {place}: {error.strerror or error}") from error


def read_summary(file: Path) -> Any:
    """The summary that a run has written; None if it wrote none, or only a part of it: a disk may be full."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
