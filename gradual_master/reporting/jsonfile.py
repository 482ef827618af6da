"""The summary as a JSON file: the same summary gives the same bytes."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from gradual_master.errors import ReporterError
from gradual_master.reporting.base import BaseReporter
from gradual_master.results.summary_sections import Summary

STANDARD_OUTPUT = "-"


class JsonReporter(BaseReporter):
    """`-o json=PATH`: writes `gradual.summary/1`, replacing a file that is there; `-` is standard output."""

    def prepare(self) -> None:
        """Make sure that the file can be written, before an hour of load was for nothing."""
        if not self.arg:
            raise ReporterError("the json reporter needs a file: -o json=PATH")
        if self.arg == STANDARD_OUTPUT:
            return
        path = Path(self.arg)
        if path.is_dir():
            raise ReporterError(f"-o json={self.arg}: this is a folder; name a file in it")
        try:
            self._try_writing(path)
        except OSError as error:
            raise ReporterError(f"-o json={self.arg}: cannot be written: {error.strerror}") from error

    @staticmethod
    def _try_writing(path: Path) -> None:
        if path.exists():
            os.close(os.open(path, os.O_WRONLY))
        else:
            tempfile.TemporaryFile(dir=path.parent).close()

    def on_test_complete(self, summary: Summary) -> None:
        """Write the file, in one step: nobody ever reads half of it."""
        text = render_json(summary)
        if self.arg in (None, STANDARD_OUTPUT):
            sys.stdout.write(text)
            return
        path = Path(self.arg)
        if path.exists() and not path.is_file():  # a pipe or a device
            path.write_text(text, encoding="utf-8")
            return
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)


def render_json(summary: Summary) -> str:
    """The document, ending in a newline; ValueError rather than a NaN in it."""
    return json.dumps(summary.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
