"""Folders of summaries for tests of `gradual compare`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_all(folder: Path, summaries: Sequence[Any]) -> str:
    """Write each to a file of its own, named by its run; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for summary in summaries:
        (folder / f"{summary['run']['id']}.json").write_text(json.dumps(summary), encoding="utf-8")
    return str(folder)
